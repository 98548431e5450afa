package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Adds two tensors of one shape in FP32: {@code y = round(a + b)}.
 *
 * @param left element type of a: F32 or BF16
 * @param right element type of b: F32 or BF16
 * @param output F32 or BF16
 */
public record AddSpec(DType left, DType right, DType output) implements OpSpec<AddArgs> {
  /** Checks the types. */
  public AddSpec {
    Require.oneOf(Op.ADD, "left", left, DType.F32, DType.BF16);
    Require.oneOf(Op.ADD, "right", right, DType.F32, DType.BF16);
    Require.oneOf(Op.ADD, "output", output, DType.F32, DType.BF16);
  }

  /** Adds tensors of one type. */
  public static AddSpec of(DType dtype) {
    return new AddSpec(dtype, dtype, dtype);
  }

  @Override
  public Op op() {
    return Op.ADD;
  }

  @Override
  public Class<AddArgs> argsType() {
    return AddArgs.class;
  }

  @Override
  public Signature signature() {
    Signature.Builder builder =
        Signature.of(op())
            .inAnyShape("a", left, "X")
            .inAnyShape("b", right, "X")
            .outAnyShape("y", output, "X");
    return (left == output ? builder.mayBe("a") : builder).build();
  }
}

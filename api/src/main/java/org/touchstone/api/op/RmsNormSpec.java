package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Normalises rows by their root mean square, see {@link RmsNormVariant}; "round" rounds to the
 * output type. Statistics are FP32; {@code eps} is inside the root.
 *
 * @param variant round points
 * @param hidden row length H
 * @param eps added to the mean square
 * @param input element type of x and z: F32 or BF16
 * @param weight element type of w: F32 or BF16
 * @param output F32 or BF16
 */
public record RmsNormSpec(
    RmsNormVariant variant, long hidden, float eps, DType input, DType weight, DType output)
    implements OpSpec<RmsNormArgs> {
  /** Checks types and ranges. */
  public RmsNormSpec {
    check(Op.RMS_NORM, hidden, eps, input, weight, output);
  }

  static void check(Op op, long hidden, float eps, DType input, DType weight, DType output) {
    Require.positive(op, "hidden", hidden);
    Require.that(
        eps >= 0 && Float.isFinite(eps), op, "eps is " + eps + ", expected a finite number >= 0");
    Require.oneOf(op, "input", input, DType.F32, DType.BF16);
    Require.oneOf(op, "weight", weight, DType.F32, DType.BF16);
    Require.oneOf(op, "output", output, DType.F32, DType.BF16);
  }

  @Override
  public Op op() {
    return Op.RMS_NORM;
  }

  @Override
  public Class<RmsNormArgs> argsType() {
    return RmsNormArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("T");
    Signature.Builder builder =
        Signature.of(op())
            .in("x", input, rows, Dim.of(hidden))
            .inIf(variant.weighted(), "w", weight, Dim.of(hidden))
            .inIf(variant.gated(), "z", input, rows, Dim.of(hidden))
            .out("y", output, rows, Dim.of(hidden));
    return (input == output ? builder.mayBe("x") : builder).build();
  }
}

package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Applies a gated activation to a fused projection and rounds once.
 *
 * @param activation formula, clamp and layout
 * @param intermediate I
 * @param input F32 or BF16
 * @param output F32 or BF16
 */
public record GatedActSpec(Activation activation, long intermediate, DType input, DType output)
    implements OpSpec<GatedActArgs> {
  /** Checks types and ranges. */
  public GatedActSpec {
    Require.positive(Op.GATED_ACT, "intermediate", intermediate);
    Require.oneOf(Op.GATED_ACT, "input", input, DType.F32, DType.BF16);
    Require.oneOf(Op.GATED_ACT, "output", output, DType.F32, DType.BF16);
  }

  @Override
  public Op op() {
    return Op.GATED_ACT;
  }

  @Override
  public Class<GatedActArgs> argsType() {
    return GatedActArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("T");
    return Signature.of(op())
        .in("h", input, rows, Dim.of(2 * intermediate))
        .out("a", output, rows, Dim.of(intermediate))
        .build();
  }
}

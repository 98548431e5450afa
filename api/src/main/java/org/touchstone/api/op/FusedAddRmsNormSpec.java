package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Adds a residual and normalises the rounded sum: {@code res' = round(res + x)}, {@code y =
 * norm(res')}.
 *
 * @param variant round points; gated variants are not available
 * @param hidden row length H
 * @param eps added to the mean square
 * @param input element type of x and the residual: F32 or BF16
 * @param weight element type of w: F32 or BF16
 * @param output element type of y: F32 or BF16
 */
public record FusedAddRmsNormSpec(
    RmsNormVariant variant, long hidden, float eps, DType input, DType weight, DType output)
    implements OpSpec<FusedAddRmsNormArgs> {
  /** Checks types and ranges. */
  public FusedAddRmsNormSpec {
    RmsNormSpec.check(Op.FUSED_ADD_RMS_NORM, hidden, eps, input, weight, output);
    Require.that(
        !variant.gated(), Op.FUSED_ADD_RMS_NORM, "variant " + variant + " is gated; use rms_norm");
  }

  @Override
  public Op op() {
    return Op.FUSED_ADD_RMS_NORM;
  }

  @Override
  public Class<FusedAddRmsNormArgs> argsType() {
    return FusedAddRmsNormArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("T");
    Dim columns = Dim.of(hidden);
    Signature.Builder builder =
        Signature.of(op())
            .in("x", input, rows, columns)
            .in("residual", input, rows, columns)
            .inIf(variant.weighted(), "w", weight, columns)
            .out("residualOut", input, rows, columns)
            .mayBe("residual")
            .out("y", output, rows, columns);
    return (input == output ? builder.mayBe("x") : builder).build();
  }
}

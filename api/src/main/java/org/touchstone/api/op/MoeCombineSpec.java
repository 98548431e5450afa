package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Adds up expert outputs: {@code y[t] = round(sum_j weights[t,j] * o[positions[t,j]] (+
 * shared[t]))}, in FP32 and in slot order; position -1 is skipped. A token without experts gets 0
 * (plus shared).
 *
 * @param hidden H
 * @param topK slots per token
 * @param input element type of o and shared: F32 or BF16
 * @param output F32 or BF16
 */
public record MoeCombineSpec(long hidden, long topK, DType input, DType output)
    implements OpSpec<MoeCombineArgs> {
  /** Checks types and ranges. */
  public MoeCombineSpec {
    Require.positive(Op.MOE_COMBINE, "hidden", hidden);
    Require.positive(Op.MOE_COMBINE, "topK", topK);
    Require.oneOf(Op.MOE_COMBINE, "input", input, DType.F32, DType.BF16);
    Require.oneOf(Op.MOE_COMBINE, "output", output, DType.F32, DType.BF16);
  }

  @Override
  public Op op() {
    return Op.MOE_COMBINE;
  }

  @Override
  public Class<MoeCombineArgs> argsType() {
    return MoeCombineArgs.class;
  }

  @Override
  public Signature signature() {
    Dim tokens = Dim.of("T");
    return Signature.of(op())
        .in("o", input, Dim.of("P"), Dim.of(hidden))
        .in("weights", DType.F32, tokens, Dim.of(topK))
        .in("positions", DType.I32, tokens, Dim.of(topK))
        .optionalIn("shared", input, tokens, Dim.of(hidden))
        .out("y", output, tokens, Dim.of(hidden))
        .build();
  }
}

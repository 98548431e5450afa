package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Sorts token slots by expert, stable in the slot number {@code f = t * topK + j}; slots with
 * expert -1 are dropped.
 *
 * @param experts E
 * @param topK slots per token
 */
public record MoePermuteSpec(long experts, long topK) implements OpSpec<MoePermuteArgs> {
  /** Checks the ranges. */
  public MoePermuteSpec {
    Require.positive(Op.MOE_PERMUTE, "experts", experts);
    Require.positive(Op.MOE_PERMUTE, "topK", topK);
  }

  @Override
  public Op op() {
    return Op.MOE_PERMUTE;
  }

  @Override
  public Class<MoePermuteArgs> argsType() {
    return MoePermuteArgs.class;
  }

  @Override
  public Signature signature() {
    Dim tokens = Dim.of("T");
    return Signature.of(op())
        .in("indices", DType.I32, tokens, Dim.of(topK))
        .out("sortedSlots", DType.I32, tokens.times(topK))
        .out("expertOffsets", DType.I32, Dim.of(experts + 1))
        .out("positions", DType.I32, tokens, Dim.of(topK))
        .build();
  }
}

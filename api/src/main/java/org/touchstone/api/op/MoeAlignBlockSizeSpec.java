package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Sorts token slots by expert and pads every expert's slots to whole blocks with the value {@code T
 * * topK}. Experts without slots take no block; slots with expert -1 are dropped. Entries beyond
 * {@code paddedCount} are unspecified. Source: vLLM {@code moe_align_block_size}.
 *
 * @param experts E
 * @param topK slots per token
 * @param blockSize slots per block
 */
public record MoeAlignBlockSizeSpec(long experts, long topK, long blockSize)
    implements OpSpec<MoeAlignBlockSizeArgs> {
  /** Checks the ranges. */
  public MoeAlignBlockSizeSpec {
    Require.positive(Op.MOE_ALIGN_BLOCK_SIZE, "experts", experts);
    Require.positive(Op.MOE_ALIGN_BLOCK_SIZE, "topK", topK);
    Require.positive(Op.MOE_ALIGN_BLOCK_SIZE, "blockSize", blockSize);
  }

  @Override
  public Op op() {
    return Op.MOE_ALIGN_BLOCK_SIZE;
  }

  @Override
  public Class<MoeAlignBlockSizeArgs> argsType() {
    return MoeAlignBlockSizeArgs.class;
  }

  @Override
  public Signature signature() {
    Dim tokens = Dim.of("T");
    Dim capacity = tokens.times(topK).plus(experts * (blockSize - 1));
    return Signature.of(op())
        .in("indices", DType.I32, tokens, Dim.of(topK))
        .out("sortedSlots", DType.I32, capacity)
        .out("blockExperts", DType.I32, Dim.of("blocks"))
        .out("paddedCount", DType.I32, Dim.of(1))
        .build();
  }

  @Override
  public void check(Extents extents) {
    long capacity = extents.of("T") * topK + experts * (blockSize - 1);
    long needed = Math.ceilDiv(capacity, blockSize);
    Require.that(
        extents.of("blocks") >= needed,
        op(),
        "blockExperts has " + extents.of("blocks") + " entries, expected at least " + needed);
  }
}

package org.touchstone.conformance.cases;

import java.util.Map;
import java.util.Set;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.api.op.Op;

/** Cases of {@code moe_align_block_size}. */
final class MoeAlignBlockSizeCases implements OperatorCases {
  /** Tokens, experts, slots per token, block size. */
  private static final long[][] UGLY = {
    {1, 1, 1, 1}, {1, 8, 2, 16}, {3, 7, 3, 5}, {17, 16, 4, 16}, {31, 5, 1, 8}, {127, 60, 4, 64}
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.MOE_ALIGN_BLOCK_SIZE);
  }

  @Override
  public Map<DataFamily, String> inapplicable() {
    return MoePermuteCases.integersOnly();
  }

  @Override
  public void generate(CaseSink sink) {
    for (long[] size : UGLY) {
      for (ExpertChoice choice : ExpertChoice.values()) {
        boolean core = size[0] == 17 || size[0] == 3 || choice == ExpertChoice.HOLES;
        sink.add(of(size, choice, 0).level(core ? Level.L1 : Level.L2));
      }
    }
    sink.add(
        of(new long[] {0, 8, 2, 16}, ExpertChoice.UNIFORM, 0)
            .level(Level.L1)
            .zeroAnswer("no slots"));
    // Room for more blocks than there can be.
    sink.add(of(new long[] {17, 16, 4, 16}, ExpertChoice.HOLES, 3).level(Level.L1));
    // Every expert's slots fill their blocks exactly.
    sink.add(of(new long[] {32, 4, 2, 16}, ExpertChoice.DESCENDING, 0).level(Level.L1));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(
          of(new long[] {17, 16, 4, 16}, ExpertChoice.HOLES, 0)
              .level(Level.L1)
              .placement(placement));
      sink.add(of(new long[] {31, 5, 1, 8}, ExpertChoice.UNIFORM, 0).placement(placement));
    }
    for (long block : new long[] {1, 7, 31, 32, 33, 128}) {
      sink.add(of(new long[] {33, 12, 3, block}, ExpertChoice.SKEWED, 0).level(Level.L1));
      sink.add(of(new long[] {129, 64, 6, block}, ExpertChoice.UNIFORM, 0));
    }
    // DeepSeek-V3, Mixtral, Qwen3-Next.
    sink.add(of(new long[] {129, 256, 8, 64}, ExpertChoice.UNIFORM, 0).level(Level.L1));
    sink.add(of(new long[] {127, 8, 2, 128}, ExpertChoice.UNIFORM, 0).level(Level.L1));
    sink.add(of(new long[] {1, 512, 10, 16}, ExpertChoice.UNIFORM, 0).level(Level.L1));
    sink.add(of(new long[] {4097, 256, 8, 64}, ExpertChoice.UNIFORM, 0).level(Level.L3));
  }

  private static TestCase.Builder of(long[] size, ExpertChoice choice, long spareBlocks) {
    MoeAlignBlockSizeSpec spec = new MoeAlignBlockSizeSpec(size[1], size[2], size[3]);
    long capacity = size[0] * size[2] + size[1] * (size[3] - 1);
    TestCase.Builder builder =
        TestCase.of(spec, DataFamily.EXACT_INTEGER)
            .extent("T", size[0])
            .label("e", size[1])
            .label("k", size[2])
            .label("block", size[3])
            .label("experts", choice.label())
            .derived("blocks", Math.ceilDiv(capacity, size[3]) + spareBlocks)
            .partialOutputs("sortedSlots", "blockExperts")
            .filler(data -> choice.fill(data, "indices", size[1]));
    if (spareBlocks > 0) {
      builder.label("spare", spareBlocks);
    }
    return choice == ExpertChoice.NONE
        ? builder.zeroAnswer("no expert has a slot")
        : builder.resizable(s -> of(s, choice, spareBlocks), "t", "e", "k", "block");
  }
}

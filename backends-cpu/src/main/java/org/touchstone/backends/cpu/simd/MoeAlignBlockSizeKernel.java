package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.MoeAlignBlockSizeArgs;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/** Counting sort of token slots by expert, every expert padded to whole blocks. */
final class MoeAlignBlockSizeKernel implements Kernel<MoeAlignBlockSizeArgs> {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private final int experts;
  private final int topK;
  private final int block;

  private MoeAlignBlockSizeKernel(MoeAlignBlockSizeSpec spec) {
    experts = Math.toIntExact(spec.experts());
    topK = Math.toIntExact(spec.topK());
    block = Math.toIntExact(spec.blockSize());
  }

  static Plan<MoeAlignBlockSizeArgs> plan(MoeAlignBlockSizeSpec spec) {
    return Plan.runs(
        "moe_align_block_size.counting", KernelTraits.PLAIN_F32, new MoeAlignBlockSizeKernel(spec));
  }

  @Override
  public void launch(BackendQueue queue, MoeAlignBlockSizeArgs args, DeviceMemory workspace) {
    MemorySegment indices = Memories.host(args.indices());
    MemorySegment sorted = Memories.host(args.sortedSlots());
    MemorySegment blockExperts = Memories.host(args.blockExperts());
    int tokens = Math.toIntExact(args.indices().dim(0));
    long pitch = 4 * args.indices().strides().step(0);
    ExpertCounts counts = ExpertCounts.of(args.indices(), experts);
    int[] next = new int[experts];
    int padded = 0;
    for (int e = 0; e < experts; e++) {
      next[e] = padded;
      int end = padded + Math.ceilDiv(counts.count(e), block) * block;
      for (int at = padded + counts.count(e); at < end; at++) {
        sorted.set(INT, 4L * at, tokens * topK);
      }
      for (; padded < end; padded += block) {
        blockExperts.set(INT, 4L * (padded / block), e);
      }
    }
    for (int t = 0; t < tokens; t++) {
      for (int j = 0; j < topK; j++) {
        int expert = indices.get(INT, t * pitch + 4L * j);
        if (expert >= 0 && expert < experts) {
          sorted.set(INT, 4L * next[expert]++, t * topK + j);
        }
      }
    }
    Memories.host(args.paddedCount()).set(INT, 0, padded);
  }
}

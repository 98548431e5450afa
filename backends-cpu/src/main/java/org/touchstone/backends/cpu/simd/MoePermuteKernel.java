package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.MoePermuteArgs;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/**
 * Counting sort of token slots by expert: two passes over the slots, in one thread because they are
 * few.
 */
final class MoePermuteKernel implements Kernel<MoePermuteArgs> {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private final int experts;
  private final int topK;

  private MoePermuteKernel(MoePermuteSpec spec) {
    experts = Math.toIntExact(spec.experts());
    topK = Math.toIntExact(spec.topK());
  }

  static Plan<MoePermuteArgs> plan(MoePermuteSpec spec) {
    return Plan.runs("moe_permute.counting", KernelTraits.PLAIN_F32, new MoePermuteKernel(spec));
  }

  @Override
  public void launch(BackendQueue queue, MoePermuteArgs args, DeviceMemory workspace) {
    MemorySegment indices = Memories.host(args.indices());
    MemorySegment sorted = Memories.host(args.sortedSlots());
    MemorySegment offsets = Memories.host(args.expertOffsets());
    MemorySegment positions = Memories.host(args.positions());
    long tokens = args.indices().dim(0);
    long indexPitch = 4 * args.indices().strides().step(0);
    long positionPitch = 4 * args.positions().strides().step(0);
    ExpertCounts counts = ExpertCounts.of(args.indices(), experts);
    for (int e = 0; e <= experts; e++) {
      offsets.set(INT, 4L * e, counts.start(e));
    }
    for (int t = 0; t < tokens; t++) {
      for (int j = 0; j < topK; j++) {
        int expert = indices.get(INT, t * indexPitch + 4L * j);
        int row = -1;
        if (expert >= 0 && expert < experts) {
          row = counts.take(expert);
          sorted.set(INT, 4L * row, t * topK + j);
        }
        positions.set(INT, t * positionPitch + 4L * j, row);
      }
    }
    for (long row = counts.start(experts); row < tokens * topK; row++) {
      sorted.set(INT, 4L * row, -1);
    }
  }
}

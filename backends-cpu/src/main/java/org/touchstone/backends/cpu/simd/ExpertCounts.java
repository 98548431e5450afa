package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.touchstone.api.Tensor;
import org.touchstone.backends.spi.Memories;

/** Where each expert's rows start when token slots are sorted by expert. */
final class ExpertCounts {
  private final int[] starts;
  private final int[] next;

  private ExpertCounts(int[] starts) {
    this.starts = starts;
    this.next = starts.clone();
  }

  /**
   * Counts the slots of every expert in I32 indices [T, k]; indices outside the experts are
   * dropped.
   */
  static ExpertCounts of(Tensor indices, int experts) {
    MemorySegment memory = Memories.host(indices);
    int[] starts = new int[experts + 1];
    long pitch = 4 * indices.strides().step(0);
    for (long t = 0; t < indices.dim(0); t++) {
      for (long j = 0; j < indices.dim(1); j++) {
        int expert = memory.get(ValueLayout.JAVA_INT_UNALIGNED, t * pitch + 4 * j);
        if (expert >= 0 && expert < experts) {
          starts[expert + 1]++;
        }
      }
    }
    for (int e = 0; e < experts; e++) {
      starts[e + 1] += starts[e];
    }
    return new ExpertCounts(starts);
  }

  /** Returns whether an index names an expert. */
  boolean has(int expert) {
    return expert >= 0 && expert < starts.length - 1;
  }

  /** Returns the experts that have rows, ascending. */
  int[] withRows() {
    return IntStream.range(0, starts.length - 1).filter(e -> count(e) > 0).toArray();
  }

  /** Returns the first row of an expert; for the number of experts, the number of rows. */
  int start(int expert) {
    return starts[expert];
  }

  /** Returns the number of rows of an expert. */
  int count(int expert) {
    return starts[expert + 1] - starts[expert];
  }

  /** Returns the next free row of an expert. */
  int take(int expert) {
    return next[expert]++;
  }
}

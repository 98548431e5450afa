package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * The sequences of a prefill: equally long ones in a batch, or packed ones between cumulative
 * lengths. Query tokens of all sequences are numbered through.
 */
final class Sequences {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private final long queries;
  private final long keys;
  private final @Nullable Bounds queryBounds;
  private final @Nullable Bounds keyBounds;

  /** Cumulative lengths in host memory. */
  private record Bounds(MemorySegment memory, long byteOffset, long sequences) {
    static Bounds of(Tensor tensor) {
      return new Bounds(tensor.buffer().host(), tensor.byteOffset(), tensor.dim(0) - 1);
    }

    long at(long b) {
      return memory.get(INT, byteOffset + Integer.BYTES * b);
    }
  }

  private Sequences(
      long queries, long keys, @Nullable Bounds queryBounds, @Nullable Bounds keyBounds) {
    this.queries = queries;
    this.keys = keys;
    this.queryBounds = queryBounds;
    this.keyBounds = keyBounds;
  }

  /** Describes a batch of equally long sequences. */
  static Sequences padded(long queries, long keys) {
    return new Sequences(queries, keys, null, null);
  }

  /** Describes packed sequences. */
  static Sequences packed(Tensor cuSeqlensQ, Tensor cuSeqlensK) {
    return new Sequences(0, 0, Bounds.of(cuSeqlensQ), Bounds.of(cuSeqlensK));
  }

  /** Takes the query tokens of one sequence. */
  @FunctionalInterface
  interface Visitor {
    /**
     * Takes queries {@code from .. to - 1} of a sequence.
     *
     * @param sequence the sequence's index in the batch; 0 when packed
     * @param firstQuery row of its query 0
     * @param firstKey row of its key 0
     * @param queries all queries of the sequence
     * @param keys all keys of the sequence
     */
    void visit(
        long sequence, long firstQuery, long firstKey, long from, long to, long queries, long keys);
  }

  /** Visits the sequences of the query tokens {@code from .. to - 1}. */
  void visit(long from, long to, Visitor visitor) {
    if (queryBounds == null || keyBounds == null) {
      for (long token = from; token < to; ) {
        long b = token / queries;
        long stop = Math.min(to, (b + 1) * queries);
        visitor.visit(b, 0, 0, token - b * queries, stop - b * queries, queries, keys);
        token = stop;
      }
      return;
    }
    long b = first(queryBounds, from);
    for (long token = from; token < to; b++) {
      long start = queryBounds.at(b);
      long end = queryBounds.at(b + 1);
      long stop = Math.min(to, end);
      if (token < stop) {
        long key = keyBounds.at(b);
        visitor.visit(
            0, start, key, token - start, stop - start, end - start, keyBounds.at(b + 1) - key);
        token = stop;
      }
    }
  }

  /** Returns the first sequence that ends after a token. */
  private static long first(Bounds bounds, long token) {
    long low = 0;
    long high = bounds.sequences() - 1;
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (bounds.at(middle + 1) > token) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}

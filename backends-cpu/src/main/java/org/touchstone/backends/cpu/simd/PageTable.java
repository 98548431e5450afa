package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.Tensor;

/** Lengths of sequences, and the pages that hold their keys. */
final class PageTable {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private final MemorySegment table;
  private final long tableOffset;
  private final long tableStep;
  private final MemorySegment lengths;
  private final long lengthsOffset;
  private final long pageSize;
  private final long capacity;

  PageTable(Tensor blockTable, Tensor seqLens, long pageSize) {
    table = blockTable.buffer().host();
    tableOffset = blockTable.byteOffset();
    tableStep = blockTable.strides().step(0) * Integer.BYTES;
    lengths = seqLens.buffer().host();
    lengthsOffset = seqLens.byteOffset();
    this.pageSize = pageSize;
    capacity = blockTable.dim(1) * pageSize;
  }

  /** Returns the longest sequence that the table can describe. */
  long capacity() {
    return capacity;
  }

  /** Returns the keys of a sequence. */
  long length(long b) {
    return lengths.get(INT, lengthsOffset + b * Integer.BYTES);
  }

  /** Returns where the keys of a sequence lie, in tokens from the cache's start. */
  KeyRows.TokenOrder of(long b) {
    long row = tableOffset + b * tableStep;
    return new KeyRows.TokenOrder() {
      @Override
      public long row(long j) {
        return table.get(INT, row + j / pageSize * Integer.BYTES) * pageSize + j % pageSize;
      }

      @Override
      public long run(long j) {
        return pageSize - j % pageSize;
      }
    };
  }
}

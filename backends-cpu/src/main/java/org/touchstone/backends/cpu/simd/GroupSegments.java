package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.backends.spi.Memories;

/**
 * The segments of a grouped product, in workspace memory: expert, first row, rows and the number of
 * the first block of each.
 */
final class GroupSegments {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final int FIELDS = 4;
  private static final int EXPERT = 0;
  private static final int FIRST_ROW = 1;
  private static final int ROWS = 2;
  private static final int FIRST_BLOCK = 3;

  private final GemmGroupedSpec spec;
  private final long capacity;
  private final MemorySegment table;
  private final Engine engine;
  private int count;
  private long blocks;

  private GroupSegments(GemmGroupedSpec spec, long capacity, MemorySegment table, Engine engine) {
    this.spec = spec;
    this.capacity = capacity;
    this.table = table;
    this.engine = engine;
  }

  /** Returns the memory for at most so many segments. */
  static long bytes(long segments) {
    return segments * FIELDS * Long.BYTES;
  }

  /**
   * Lists the segments.
   *
   * @param capacity rows of A, or of each expert's part of it
   * @param table {@link #bytes} bytes
   * @param engine multiplies the blocks
   * @throws HalException when a group refers to rows or experts that do not exist
   */
  static GroupSegments of(
      GemmGroupedSpec spec, Tensor groups, long capacity, MemorySegment table, Engine engine) {
    GroupSegments segments = new GroupSegments(spec, capacity, table, engine);
    MemorySegment memory = Memories.host(groups);
    switch (spec.grouping()) {
      case CONTIGUOUS -> segments.runs(memory);
      case PSUM -> {
        long end = 0;
        for (long e = 0; e < spec.experts(); e++) {
          long start = Math.ceilDiv(end, spec.alignment()) * spec.alignment();
          end = memory.get(INT, 4 * e);
          segments.add(e, Math.min(start, end), end);
        }
      }
      case OFFSETS -> {
        for (long e = 0; e < spec.experts(); e++) {
          segments.add(e, memory.get(INT, 4 * e), memory.get(INT, 4 * e + 4));
        }
      }
      case MASKED -> {
        for (long e = 0; e < spec.experts(); e++) {
          segments.add(e, 0, memory.get(INT, 4 * e));
        }
      }
    }
    return segments;
  }

  private void runs(MemorySegment experts) {
    long from = 0;
    while (from < capacity) {
      int expert = experts.get(INT, 4 * from);
      long to = from + 1;
      while (to < capacity && experts.get(INT, 4 * to) == expert) {
        to++;
      }
      if (expert >= 0) {
        add(expert, from, to);
      }
      from = to;
    }
  }

  private void add(long expert, long from, long to) {
    if (from < 0 || to < from || to > capacity || expert >= spec.experts()) {
      throw new HalException(
          ErrorCode.OUT_OF_BOUNDS,
          "groups give expert "
              + expert
              + " the rows "
              + from
              + " to "
              + to
              + ", but there are "
              + spec.experts()
              + " experts and "
              + capacity
              + " rows",
          spec.op().opName(),
          null,
          "correct the values in groups",
          null);
    }
    if (from == to) {
      return;
    }
    set(count, EXPERT, expert);
    set(count, FIRST_ROW, from);
    set(count, ROWS, to - from);
    set(count, FIRST_BLOCK, blocks);
    blocks += GemmBlocks.of(to - from, spec.n(), engine).count();
    count++;
  }

  private void set(int segment, int field, long value) {
    table.set(LONG, at(segment, field), value);
  }

  private long value(int segment, int field) {
    return table.get(LONG, at(segment, field));
  }

  private static long at(int segment, int field) {
    return ((long) segment * FIELDS + field) * Long.BYTES;
  }

  /** Returns the blocks of all segments. */
  long blocks() {
    return blocks;
  }

  /** Returns the segment that a block belongs to. */
  int segmentOf(long block) {
    int low = 0;
    int high = count - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (firstBlock(middle) <= block) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Returns the expert of a segment. */
  long expert(int segment) {
    return value(segment, EXPERT);
  }

  /** Returns the first row of a segment. */
  long firstRow(int segment) {
    return value(segment, FIRST_ROW);
  }

  /** Returns the rows of a segment, at least 1. */
  long rows(int segment) {
    return value(segment, ROWS);
  }

  /** Returns the number of a segment's first block. */
  long firstBlock(int segment) {
    return value(segment, FIRST_BLOCK);
  }
}

package org.touchstone.backends.cuda.sim.exec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.sim.memory.Allocation;

/** A warp's {@code cp.async} operations that have not completed, in order of issue. */
final class AsyncCopies {
  /** Marks a copy whose bytes arrived when it was issued. */
  private static final int EARLY = 1 << 30;

  private int count;
  private int[] destination = new int[256];
  private int[] source = new int[256];
  private int[] sizes = new int[256];
  private int[] group = new int[256];
  private @Nullable Allocation[] from = new Allocation[256];

  /** Groups that each lane has committed. */
  private final int[] committed = new int[32];

  void begin() {
    count = 0;
    Arrays.fill(committed, 0);
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** Returns the lowest lane that has a copy in flight. */
  int firstLane() {
    return sizes[0] >>> 16 & 31;
  }

  /** Notes a copy of {@code bytes} bytes, the rest of {@code size} being zeros. */
  void add(
      Warp w, int lane, int dst, @Nullable Allocation allocation, int offset, int bytes, int size) {
    boolean early = w.block.early();
    if (early) {
      w.copyNow(dst, allocation, offset, bytes, size);
    }
    if (count == destination.length) {
      int n = count * 2;
      destination = Arrays.copyOf(destination, n);
      source = Arrays.copyOf(source, n);
      sizes = Arrays.copyOf(sizes, n);
      group = Arrays.copyOf(group, n);
      from = Arrays.copyOf(from, n);
    }
    destination[count] = dst;
    source[count] = offset;
    sizes[count] = (early ? EARLY : 0) | lane << 16 | bytes << 8 | size;
    group[count] = committed[lane];
    from[count++] = allocation;
  }

  void commit(int mask) {
    for (int l = 0; l < 32; l++) {
      committed[l] += mask >>> l & 1;
    }
  }

  /** Completes all but the lanes' {@code newest} last groups, uncommitted copies too if asked. */
  void complete(Warp w, int mask, int newest, boolean uncommitted) {
    int kept = 0;
    for (int i = 0; i < count; i++) {
      int lane = sizes[i] >>> 16 & 31;
      boolean due =
          (mask >>> lane & 1) != 0 && (uncommitted || group[i] < committed[lane] - newest);
      if (due) {
        int size = sizes[i] & 0xff;
        if ((sizes[i] & EARLY) == 0) {
          w.copyNow(destination[i], from[i], source[i], sizes[i] >>> 8 & 0xff, size);
        }
        w.finishCopy(destination[i], size);
      } else {
        destination[kept] = destination[i];
        source[kept] = source[i];
        sizes[kept] = sizes[i];
        group[kept] = group[i];
        from[kept++] = from[i];
      }
    }
    count = kept;
  }
}

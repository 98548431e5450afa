package org.touchstone.backends.oracle;

import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.LongStream;

/**
 * Chooses the rows (or columns) of a large output that are computed: all, or a seeded sample with
 * both borders.
 *
 * @param seed of the sample
 * @param limit the largest number of indices; {@link Long#MAX_VALUE} for all
 */
public record Scope(long seed, long limit) {
  /** Computes everything. */
  public static final Scope ALL = new Scope(0, Long.MAX_VALUE);

  /** Returns whether {@link #pick} would leave indices out. */
  public boolean samples(long extent) {
    return extent > limit;
  }

  /**
   * Returns ascending indices of an axis: all, or at most {@code limit} with the first and the last
   * two.
   */
  public long[] pick(String axis, long extent) {
    if (!samples(extent)) {
      return LongStream.range(0, extent).toArray();
    }
    TreeSet<Long> picked = new TreeSet<>();
    for (long border : new long[] {0, extent - 1, 1, extent - 2}) {
      if (picked.size() < limit) {
        picked.add(border);
      }
    }
    SplittableRandom random = new SplittableRandom(seed ^ (axis.hashCode() * 0x9E3779B97F4A7C15L));
    while (picked.size() < limit) {
      picked.add(random.nextLong(extent));
    }
    return picked.stream().mapToLong(Long::longValue).toArray();
  }
}

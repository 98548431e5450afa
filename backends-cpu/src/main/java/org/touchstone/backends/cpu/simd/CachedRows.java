package org.touchstone.backends.cpu.simd;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.touchstone.backends.cpu.micro.AttentionTile.KEYS;
import static org.touchstone.backends.cpu.simd.ProductLanes.BF16_ODD;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The two products of attention with BF16 rows of a cache, which are not widened in memory: words
 * of two elements come apart in registers. A lane of a score is a key, see {@link KeyPanel}; a lane
 * of a weighted sum is an element of the value.
 */
final class CachedRows {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final int LANES = F.length();
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

  /** Elements that one step takes of a value; values consist of whole steps. */
  static final int STEP = 2 * LANES;

  /** Terms of a score that are added up before they join the sum. */
  private static final int TERMS = 64;

  /** Two vectors of keys for four queries need more than 16 registers. */
  private static final boolean WIDE = LANES >= 16;

  private static final int ROWS = WIDE ? 4 : 8;
  private static final int GROUP = WIDE ? 2 * LANES : LANES;

  /** Queries of a tile of {@link #weigh}. */
  private static final int VALUE_ROWS = 4;

  private static final VectorShuffle<Float> FIRST = VectorShuffle.fromOp(F, lane -> lane / 2);
  private static final VectorShuffle<Float> SECOND =
      VectorShuffle.fromOp(F, lane -> LANES / 2 + lane / 2);
  private static final VectorMask<Float> ODD = odd();

  /** BF16 elements of a line of the cache. */
  private static final int LINE = 32;

  private CachedRows() {}

  private static VectorMask<Float> odd() {
    boolean[] bits = new boolean[LANES];
    for (int lane = 1; lane < LANES; lane += 2) {
      bits[lane] = true;
    }
    return VectorMask.fromArray(F, bits, 0);
  }

  /**
   * Reads something of each line of values {@code from .. to - 1}: there is no instruction to fetch
   * ahead, but reads that nothing waits for come from memory many at a time.
   *
   * @param width elements of a value
   */
  static long touch(MemorySegment v, long[] at, int from, int to, int width) {
    long sum = 0;
    for (int j = from; j < to; j++) {
      long row = at[j];
      for (int c = 0; c < width; c += LINE) {
        sum += v.get(ValueLayout.JAVA_BYTE, row + 2L * c);
      }
    }
    return sum;
  }

  /**
   * Computes {@code s[r KEYS + j] = q[r] . k[j]} for keys {@code from .. to - 1}, and something for
   * keys beside them and up to eight rows behind the last one, as long as a block has them.
   *
   * @param q queries, {@code depth} floats from row to row; whole tiles are read
   * @param panel the keys, transposed
   */
  static void scores(float[] q, int rows, int[] panel, int from, int to, int depth, float[] s) {
    Arrays.fill(s, 0, Math.ceilDiv(rows, ROWS) * ROWS * KEYS, 0f);
    for (int j = from - from % GROUP; j < to; j += GROUP) {
      for (int d = 0; d < depth; d += TERMS) {
        int end = Math.min(depth, d + TERMS);
        for (int r = 0; r < rows; r += ROWS) {
          if (WIDE) {
            four(q, r * depth, depth, d, end, panel, j, s, r * KEYS + j);
          } else {
            eight(q, r * depth, depth, d, end, panel, j, s, r * KEYS + j);
          }
        }
      }
    }
  }

  private static void four(
      float[] q, int q0, int depth, int from, int to, int[] panel, int key, float[] s, int at) {
    int q1 = q0 + depth;
    int q2 = q1 + depth;
    int q3 = q2 + depth;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector b0 = FloatVector.zero(F);
    FloatVector a1 = FloatVector.zero(F);
    FloatVector b1 = FloatVector.zero(F);
    FloatVector a2 = FloatVector.zero(F);
    FloatVector b2 = FloatVector.zero(F);
    FloatVector a3 = FloatVector.zero(F);
    FloatVector b3 = FloatVector.zero(F);
    for (int d = from; d < to; d += 2) {
      int p = d / 2 * KEYS + key;
      IntVector x = IntVector.fromArray(I, panel, p);
      IntVector y = IntVector.fromArray(I, panel, p + LANES);
      FloatVector x0 = x.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector x1 = x.and(BF16_ODD).reinterpretAsFloats();
      FloatVector y0 = y.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector y1 = y.and(BF16_ODD).reinterpretAsFloats();
      FloatVector w = FloatVector.broadcast(F, q[q0 + d]);
      a0 = x0.fma(w, a0);
      b0 = y0.fma(w, b0);
      w = FloatVector.broadcast(F, q[q0 + d + 1]);
      a0 = x1.fma(w, a0);
      b0 = y1.fma(w, b0);
      w = FloatVector.broadcast(F, q[q1 + d]);
      a1 = x0.fma(w, a1);
      b1 = y0.fma(w, b1);
      w = FloatVector.broadcast(F, q[q1 + d + 1]);
      a1 = x1.fma(w, a1);
      b1 = y1.fma(w, b1);
      w = FloatVector.broadcast(F, q[q2 + d]);
      a2 = x0.fma(w, a2);
      b2 = y0.fma(w, b2);
      w = FloatVector.broadcast(F, q[q2 + d + 1]);
      a2 = x1.fma(w, a2);
      b2 = y1.fma(w, b2);
      w = FloatVector.broadcast(F, q[q3 + d]);
      a3 = x0.fma(w, a3);
      b3 = y0.fma(w, b3);
      w = FloatVector.broadcast(F, q[q3 + d + 1]);
      a3 = x1.fma(w, a3);
      b3 = y1.fma(w, b3);
    }
    int next = at;
    a0.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    b0.add(FloatVector.fromArray(F, s, next + LANES)).intoArray(s, next + LANES);
    next += KEYS;
    a1.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    b1.add(FloatVector.fromArray(F, s, next + LANES)).intoArray(s, next + LANES);
    next += KEYS;
    a2.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    b2.add(FloatVector.fromArray(F, s, next + LANES)).intoArray(s, next + LANES);
    next += KEYS;
    a3.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    b3.add(FloatVector.fromArray(F, s, next + LANES)).intoArray(s, next + LANES);
  }

  private static void eight(
      float[] q, int q0, int depth, int from, int to, int[] panel, int key, float[] s, int at) {
    int q1 = q0 + depth;
    int q2 = q1 + depth;
    int q3 = q2 + depth;
    int q4 = q3 + depth;
    int q5 = q4 + depth;
    int q6 = q5 + depth;
    int q7 = q6 + depth;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = FloatVector.zero(F);
    FloatVector a2 = FloatVector.zero(F);
    FloatVector a3 = FloatVector.zero(F);
    FloatVector a4 = FloatVector.zero(F);
    FloatVector a5 = FloatVector.zero(F);
    FloatVector a6 = FloatVector.zero(F);
    FloatVector a7 = FloatVector.zero(F);
    for (int d = from; d < to; d += 2) {
      int p = d / 2 * KEYS + key;
      IntVector x = IntVector.fromArray(I, panel, p);
      FloatVector x0 = x.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector x1 = x.and(BF16_ODD).reinterpretAsFloats();
      FloatVector w = FloatVector.broadcast(F, q[q0 + d]);
      a0 = x0.fma(w, a0);
      w = FloatVector.broadcast(F, q[q0 + d + 1]);
      a0 = x1.fma(w, a0);
      w = FloatVector.broadcast(F, q[q1 + d]);
      a1 = x0.fma(w, a1);
      w = FloatVector.broadcast(F, q[q1 + d + 1]);
      a1 = x1.fma(w, a1);
      w = FloatVector.broadcast(F, q[q2 + d]);
      a2 = x0.fma(w, a2);
      w = FloatVector.broadcast(F, q[q2 + d + 1]);
      a2 = x1.fma(w, a2);
      w = FloatVector.broadcast(F, q[q3 + d]);
      a3 = x0.fma(w, a3);
      w = FloatVector.broadcast(F, q[q3 + d + 1]);
      a3 = x1.fma(w, a3);
      w = FloatVector.broadcast(F, q[q4 + d]);
      a4 = x0.fma(w, a4);
      w = FloatVector.broadcast(F, q[q4 + d + 1]);
      a4 = x1.fma(w, a4);
      w = FloatVector.broadcast(F, q[q5 + d]);
      a5 = x0.fma(w, a5);
      w = FloatVector.broadcast(F, q[q5 + d + 1]);
      a5 = x1.fma(w, a5);
      w = FloatVector.broadcast(F, q[q6 + d]);
      a6 = x0.fma(w, a6);
      w = FloatVector.broadcast(F, q[q6 + d + 1]);
      a6 = x1.fma(w, a6);
      w = FloatVector.broadcast(F, q[q7 + d]);
      a7 = x0.fma(w, a7);
      w = FloatVector.broadcast(F, q[q7 + d + 1]);
      a7 = x1.fma(w, a7);
    }
    int next = at;
    a0.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    next += KEYS;
    a1.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    next += KEYS;
    a2.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    next += KEYS;
    a3.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    next += KEYS;
    a4.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    next += KEYS;
    a5.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    next += KEYS;
    a6.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
    next += KEYS;
    a7.add(FloatVector.fromArray(F, s, next)).intoArray(s, next);
  }

  /**
   * Adds {@code sum over j from..to-1 of p[r, j] v[j]} to row r of {@code acc}, for {@code rows}
   * rows from {@code row} on.
   *
   * @param p weights, KEYS from row to row
   * @param v the cache; the value of key j is at byte offset {@code at[j]}
   * @param width elements of a value
   */
  static void weigh(
      float[] p,
      int row,
      int rows,
      MemorySegment v,
      long[] at,
      int from,
      int to,
      int width,
      float[] acc) {
    for (int c = 0; c < width; c += STEP) {
      for (int r = row; r < row + rows; r += VALUE_ROWS) {
        int count = Math.min(VALUE_ROWS, row + rows - r);
        weigh(p, r * KEYS, count, v, at, 2L * c, from, to, acc, r * width + c, width);
      }
    }
  }

  private static void weigh(
      float[] p,
      int p0,
      int rows,
      MemorySegment v,
      long[] at,
      long bytes,
      int from,
      int to,
      float[] acc,
      int accAt,
      int stride) {
    int p1 = rows > 1 ? p0 + KEYS : p0;
    int p2 = rows > 2 ? p1 + KEYS : p0;
    int p3 = rows > 3 ? p2 + KEYS : p0;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector b0 = FloatVector.zero(F);
    FloatVector a1 = FloatVector.zero(F);
    FloatVector b1 = FloatVector.zero(F);
    FloatVector a2 = FloatVector.zero(F);
    FloatVector b2 = FloatVector.zero(F);
    FloatVector a3 = FloatVector.zero(F);
    FloatVector b3 = FloatVector.zero(F);
    for (int j = from; j < to; j++) {
      IntVector words = IntVector.fromMemorySegment(I, v, at[j] + bytes, LE);
      FloatVector x = words.lanewise(LSHL, 16).reinterpretAsFloats();
      FloatVector y = words.and(BF16_ODD).reinterpretAsFloats();
      FloatVector w = FloatVector.broadcast(F, p[p0 + j]);
      a0 = x.fma(w, a0);
      b0 = y.fma(w, b0);
      w = FloatVector.broadcast(F, p[p1 + j]);
      a1 = x.fma(w, a1);
      b1 = y.fma(w, b1);
      w = FloatVector.broadcast(F, p[p2 + j]);
      a2 = x.fma(w, a2);
      b2 = y.fma(w, b2);
      w = FloatVector.broadcast(F, p[p3 + j]);
      a3 = x.fma(w, a3);
      b3 = y.fma(w, b3);
    }
    int next = accAt;
    a0.rearrange(FIRST)
        .blend(b0.rearrange(FIRST), ODD)
        .add(FloatVector.fromArray(F, acc, next))
        .intoArray(acc, next);
    a0.rearrange(SECOND)
        .blend(b0.rearrange(SECOND), ODD)
        .add(FloatVector.fromArray(F, acc, next + LANES))
        .intoArray(acc, next + LANES);
    if (rows > 1) {
      next += stride;
      a1.rearrange(FIRST)
          .blend(b1.rearrange(FIRST), ODD)
          .add(FloatVector.fromArray(F, acc, next))
          .intoArray(acc, next);
      a1.rearrange(SECOND)
          .blend(b1.rearrange(SECOND), ODD)
          .add(FloatVector.fromArray(F, acc, next + LANES))
          .intoArray(acc, next + LANES);
    }
    if (rows > 2) {
      next += stride;
      a2.rearrange(FIRST)
          .blend(b2.rearrange(FIRST), ODD)
          .add(FloatVector.fromArray(F, acc, next))
          .intoArray(acc, next);
      a2.rearrange(SECOND)
          .blend(b2.rearrange(SECOND), ODD)
          .add(FloatVector.fromArray(F, acc, next + LANES))
          .intoArray(acc, next + LANES);
    }
    if (rows > 3) {
      next += stride;
      a3.rearrange(FIRST)
          .blend(b3.rearrange(FIRST), ODD)
          .add(FloatVector.fromArray(F, acc, next))
          .intoArray(acc, next);
      a3.rearrange(SECOND)
          .blend(b3.rearrange(SECOND), ODD)
          .add(FloatVector.fromArray(F, acc, next + LANES))
          .intoArray(acc, next + LANES);
    }
  }
}

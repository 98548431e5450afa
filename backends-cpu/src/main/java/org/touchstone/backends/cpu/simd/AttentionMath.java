package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The two products of attention on FP32 arrays: queries with keys, weights with values. Rows are
 * padded to whole vectors. Each result is added up in an order that depends on its own row alone,
 * so a query has the same bits whichever queries share its tile.
 */
final class AttentionMath {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  /** Lanes of a vector. */
  static final int LANES = F.length();

  /** Keys that {@link #scores} takes at a time; more accumulators would not fit 16 registers. */
  static final int KEY_GROUP = 8;

  /** Rows whose lanes are added up together. */
  private static final int ROW_GROUP = 8;

  private static final int SUMS = ROW_GROUP * KEY_GROUP * F.length();

  /** Floats of scratch that {@link #scores} needs. */
  static final int SCRATCH = SUMS + Math.max(ROW_GROUP * KEY_GROUP, F.length());

  private AttentionMath() {}

  /** Rounds a number of elements up to whole vectors. */
  static int padded(long elements) {
    return Math.toIntExact(Math.ceilDiv(elements, F.length()) * F.length());
  }

  /** Returns the longest chain of additions in a score of {@code depth} products. */
  static long scoreChain(long depth) {
    return Math.ceilDiv(depth, F.length()) + LaneSums.LEVELS;
  }

  /**
   * Computes {@code s[r, j] = q[r] . k[j]} for rows r from 0 and keys j in a range, rounded out to
   * multiples of {@link #KEY_GROUP}. A group of keys stays in the first-level cache while all rows
   * pass by.
   *
   * @param depth elements of a padded row
   * @param scratch {@link #SCRATCH} floats of the calling thread
   */
  static void scores(
      float[] q,
      int rows,
      float[] k,
      int from,
      int to,
      int depth,
      float[] s,
      int stride,
      float[] scratch) {
    for (int j = from - from % KEY_GROUP; j < to; j += KEY_GROUP) {
      for (int r = 0; r < rows; r += ROW_GROUP) {
        int count = Math.min(ROW_GROUP, rows - r);
        for (int i = 0; i < count; i++) {
          scores1x8(q, (r + i) * depth, k, j * depth, depth, scratch, i * KEY_GROUP * F.length());
        }
        LaneSums.add(scratch, 0, scratch, SUMS, Math.ceilDiv(count * KEY_GROUP, F.length()));
        for (int i = 0; i < count; i++) {
          System.arraycopy(scratch, SUMS + i * KEY_GROUP, s, (r + i) * stride + j, KEY_GROUP);
        }
      }
    }
  }

  private static void scores1x8(
      float[] q, int qAt, float[] k, int kAt, int depth, float[] lanes, int at) {
    int k1 = kAt + depth;
    int k2 = k1 + depth;
    int k3 = k2 + depth;
    int k4 = k3 + depth;
    int k5 = k4 + depth;
    int k6 = k5 + depth;
    int k7 = k6 + depth;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector a4 = a0;
    FloatVector a5 = a0;
    FloatVector a6 = a0;
    FloatVector a7 = a0;
    for (int d = 0; d < depth; d += F.length()) {
      FloatVector x = FloatVector.fromArray(F, q, qAt + d);
      a0 = x.fma(FloatVector.fromArray(F, k, kAt + d), a0);
      a1 = x.fma(FloatVector.fromArray(F, k, k1 + d), a1);
      a2 = x.fma(FloatVector.fromArray(F, k, k2 + d), a2);
      a3 = x.fma(FloatVector.fromArray(F, k, k3 + d), a3);
      a4 = x.fma(FloatVector.fromArray(F, k, k4 + d), a4);
      a5 = x.fma(FloatVector.fromArray(F, k, k5 + d), a5);
      a6 = x.fma(FloatVector.fromArray(F, k, k6 + d), a6);
      a7 = x.fma(FloatVector.fromArray(F, k, k7 + d), a7);
    }
    a0.intoArray(lanes, at);
    a1.intoArray(lanes, at + F.length());
    a2.intoArray(lanes, at + 2 * F.length());
    a3.intoArray(lanes, at + 3 * F.length());
    a4.intoArray(lanes, at + 4 * F.length());
    a5.intoArray(lanes, at + 5 * F.length());
    a6.intoArray(lanes, at + 6 * F.length());
    a7.intoArray(lanes, at + 7 * F.length());
  }

  /**
   * Adds {@code sum over j from..to-1 of p[r, j] v[j]} to row r of {@code acc}, for {@code rows}
   * rows.
   *
   * @param width elements of a padded value
   */
  static void weigh(
      float[] p,
      int pAt,
      int pStride,
      int rows,
      float[] v,
      int vStride,
      int from,
      int to,
      int width,
      float[] acc,
      int accAt,
      int accStride) {
    int r = 0;
    for (; r <= rows - 4; r += 4) {
      int c = 0;
      for (; c <= width - 2 * F.length(); c += 2 * F.length()) {
        weigh4x2(
            p,
            pAt + r * pStride,
            pStride,
            v,
            vStride,
            c,
            from,
            to,
            acc,
            accAt + r * accStride + c,
            accStride);
      }
      for (int i = 0; c < width && i < 4; i++) {
        weigh1x1(
            p,
            pAt + (r + i) * pStride,
            v,
            vStride,
            c,
            from,
            to,
            acc,
            accAt + (r + i) * accStride + c);
      }
    }
    for (; r < rows; r++) {
      int c = 0;
      for (; c <= width - 8 * F.length(); c += 8 * F.length()) {
        weigh1x8(p, pAt + r * pStride, v, vStride, c, from, to, acc, accAt + r * accStride + c);
      }
      for (; c <= width - 4 * F.length(); c += 4 * F.length()) {
        weigh1x4(p, pAt + r * pStride, v, vStride, c, from, to, acc, accAt + r * accStride + c);
      }
      for (; c < width; c += F.length()) {
        weigh1x1(p, pAt + r * pStride, v, vStride, c, from, to, acc, accAt + r * accStride + c);
      }
    }
  }

  private static void weigh4x2(
      float[] p,
      int p0,
      int pStride,
      float[] v,
      int vStride,
      int column,
      int from,
      int to,
      float[] acc,
      int at,
      int accStride) {
    int p1 = p0 + pStride;
    int p2 = p1 + pStride;
    int p3 = p2 + pStride;
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    int next = from * vStride + column;
    for (int j = from; j < to; j++) {
      FloatVector x = FloatVector.fromArray(F, v, next);
      FloatVector y = FloatVector.fromArray(F, v, next + F.length());
      FloatVector w = FloatVector.broadcast(F, p[p0 + j]);
      a0 = w.fma(x, a0);
      a1 = w.fma(y, a1);
      w = FloatVector.broadcast(F, p[p1 + j]);
      b0 = w.fma(x, b0);
      b1 = w.fma(y, b1);
      w = FloatVector.broadcast(F, p[p2 + j]);
      c0 = w.fma(x, c0);
      c1 = w.fma(y, c1);
      w = FloatVector.broadcast(F, p[p3 + j]);
      d0 = w.fma(x, d0);
      d1 = w.fma(y, d1);
      next += vStride;
    }
    int at1 = at + accStride;
    int at2 = at1 + accStride;
    int at3 = at2 + accStride;
    FloatVector.fromArray(F, acc, at).add(a0).intoArray(acc, at);
    FloatVector.fromArray(F, acc, at + F.length()).add(a1).intoArray(acc, at + F.length());
    FloatVector.fromArray(F, acc, at1).add(b0).intoArray(acc, at1);
    FloatVector.fromArray(F, acc, at1 + F.length()).add(b1).intoArray(acc, at1 + F.length());
    FloatVector.fromArray(F, acc, at2).add(c0).intoArray(acc, at2);
    FloatVector.fromArray(F, acc, at2 + F.length()).add(c1).intoArray(acc, at2 + F.length());
    FloatVector.fromArray(F, acc, at3).add(d0).intoArray(acc, at3);
    FloatVector.fromArray(F, acc, at3 + F.length()).add(d1).intoArray(acc, at3 + F.length());
  }

  private static void weigh1x8(
      float[] p,
      int pAt,
      float[] v,
      int vStride,
      int column,
      int from,
      int to,
      float[] acc,
      int at) {
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector a4 = a0;
    FloatVector a5 = a0;
    FloatVector a6 = a0;
    FloatVector a7 = a0;
    int next = from * vStride + column;
    for (int j = from; j < to; j++) {
      FloatVector w = FloatVector.broadcast(F, p[pAt + j]);
      a0 = w.fma(FloatVector.fromArray(F, v, next), a0);
      a1 = w.fma(FloatVector.fromArray(F, v, next + F.length()), a1);
      a2 = w.fma(FloatVector.fromArray(F, v, next + 2 * F.length()), a2);
      a3 = w.fma(FloatVector.fromArray(F, v, next + 3 * F.length()), a3);
      a4 = w.fma(FloatVector.fromArray(F, v, next + 4 * F.length()), a4);
      a5 = w.fma(FloatVector.fromArray(F, v, next + 5 * F.length()), a5);
      a6 = w.fma(FloatVector.fromArray(F, v, next + 6 * F.length()), a6);
      a7 = w.fma(FloatVector.fromArray(F, v, next + 7 * F.length()), a7);
      next += vStride;
    }
    FloatVector.fromArray(F, acc, at).add(a0).intoArray(acc, at);
    FloatVector.fromArray(F, acc, at + F.length()).add(a1).intoArray(acc, at + F.length());
    FloatVector.fromArray(F, acc, at + 2 * F.length()).add(a2).intoArray(acc, at + 2 * F.length());
    FloatVector.fromArray(F, acc, at + 3 * F.length()).add(a3).intoArray(acc, at + 3 * F.length());
    FloatVector.fromArray(F, acc, at + 4 * F.length()).add(a4).intoArray(acc, at + 4 * F.length());
    FloatVector.fromArray(F, acc, at + 5 * F.length()).add(a5).intoArray(acc, at + 5 * F.length());
    FloatVector.fromArray(F, acc, at + 6 * F.length()).add(a6).intoArray(acc, at + 6 * F.length());
    FloatVector.fromArray(F, acc, at + 7 * F.length()).add(a7).intoArray(acc, at + 7 * F.length());
  }

  private static void weigh1x4(
      float[] p,
      int pAt,
      float[] v,
      int vStride,
      int column,
      int from,
      int to,
      float[] acc,
      int at) {
    FloatVector a0 = FloatVector.zero(F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    int next = from * vStride + column;
    for (int j = from; j < to; j++) {
      FloatVector w = FloatVector.broadcast(F, p[pAt + j]);
      a0 = w.fma(FloatVector.fromArray(F, v, next), a0);
      a1 = w.fma(FloatVector.fromArray(F, v, next + F.length()), a1);
      a2 = w.fma(FloatVector.fromArray(F, v, next + 2 * F.length()), a2);
      a3 = w.fma(FloatVector.fromArray(F, v, next + 3 * F.length()), a3);
      next += vStride;
    }
    FloatVector.fromArray(F, acc, at).add(a0).intoArray(acc, at);
    FloatVector.fromArray(F, acc, at + F.length()).add(a1).intoArray(acc, at + F.length());
    FloatVector.fromArray(F, acc, at + 2 * F.length()).add(a2).intoArray(acc, at + 2 * F.length());
    FloatVector.fromArray(F, acc, at + 3 * F.length()).add(a3).intoArray(acc, at + 3 * F.length());
  }

  private static void weigh1x1(
      float[] p,
      int pAt,
      float[] v,
      int vStride,
      int column,
      int from,
      int to,
      float[] acc,
      int at) {
    FloatVector a = FloatVector.zero(F);
    int next = from * vStride + column;
    for (int j = from; j < to; j++) {
      a = FloatVector.broadcast(F, p[pAt + j]).fma(FloatVector.fromArray(F, v, next), a);
      next += vStride;
    }
    FloatVector.fromArray(F, acc, at).add(a).intoArray(acc, at);
  }
}

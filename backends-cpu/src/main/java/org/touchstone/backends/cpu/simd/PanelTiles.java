package org.touchstone.backends.cpu.simd;

import static org.touchstone.backends.cpu.simd.ProductLanes.F;
import static org.touchstone.backends.cpu.simd.ProductLanes.LANES;

import jdk.incubator.vector.FloatVector;
import org.touchstone.backends.cpu.micro.Weight;

/**
 * The register tiles of a matrix product: six or four rows against two vectors of columns of a
 * panel. Four rows fit 16 registers; with more sums C2 spills some of them, although there would be
 * room for twelve.
 *
 * <p>The loops are written out: C2 keeps vectors in registers only while it sees all of them in one
 * method.
 */
final class PanelTiles {
  /** Columns of a panel. */
  static final int COLUMNS = 2 * LANES;

  /** Floats of a panel. */
  static final int PANEL = COLUMNS * Weight.BLOCK;

  /** Rows of a tile, at most. */
  static final int ROWS = 6;

  private static final boolean SIX_ROWS = LANES >= 16;

  private PanelTiles() {}

  /** Returns the most rows that {@link #add} writes for {@code m} of them. */
  static int written(int m) {
    return m + 3;
  }

  /**
   * Adds {@code scales[i] sum_k a[i][k] b[k][j]} to {@code c[at + i stride + j]}: the products of a
   * block are added up in ascending k, the sum is multiplied by {@code undo}, a power of two, and
   * then joins c with one fused multiply-add. Up to three rows after the last one are overwritten;
   * with them there are never more than 96 if m is not.
   *
   * @param a rows of {@link Weight#BLOCK} elements from {@code aAt} on
   * @param b a panel: as many rows of {@link #COLUMNS}
   */
  static void add(
      float[] a,
      int aAt,
      int m,
      float[] b,
      int bAt,
      float[] scales,
      float undo,
      float[] c,
      int at,
      int stride) {
    int rows;
    for (int i = 0; i < m; i += rows) {
      int rest = m - i;
      rows = SIX_ROWS && rest > 4 && rest != 7 && rest != 8 ? 6 : 4;
      if (rows == 6) {
        six(a, aAt + i * Weight.BLOCK, b, bAt, scales, i, undo, c, at + i * stride, stride);
      } else {
        four(a, aAt + i * Weight.BLOCK, b, bAt, scales, i, undo, c, at + i * stride, stride);
      }
    }
  }

  private static void six(
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      float[] scales,
      int scaleAt,
      float undo,
      float[] c,
      int at,
      int stride) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = FloatVector.zero(F);
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = FloatVector.zero(F);
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = FloatVector.zero(F);
    FloatVector c40 = FloatVector.zero(F);
    FloatVector c41 = FloatVector.zero(F);
    FloatVector c50 = FloatVector.zero(F);
    FloatVector c51 = FloatVector.zero(F);
    for (int k = 0; k < Weight.BLOCK; k++) {
      int p = bAt + k * COLUMNS;
      FloatVector y0 = FloatVector.fromArray(F, b, p);
      FloatVector y1 = FloatVector.fromArray(F, b, p + LANES);
      FloatVector x = FloatVector.broadcast(F, a[aAt + k]);
      c00 = y0.fma(x, c00);
      c01 = y1.fma(x, c01);
      x = FloatVector.broadcast(F, a[aAt + Weight.BLOCK + k]);
      c10 = y0.fma(x, c10);
      c11 = y1.fma(x, c11);
      x = FloatVector.broadcast(F, a[aAt + 2 * Weight.BLOCK + k]);
      c20 = y0.fma(x, c20);
      c21 = y1.fma(x, c21);
      x = FloatVector.broadcast(F, a[aAt + 3 * Weight.BLOCK + k]);
      c30 = y0.fma(x, c30);
      c31 = y1.fma(x, c31);
      x = FloatVector.broadcast(F, a[aAt + 4 * Weight.BLOCK + k]);
      c40 = y0.fma(x, c40);
      c41 = y1.fma(x, c41);
      x = FloatVector.broadcast(F, a[aAt + 5 * Weight.BLOCK + k]);
      c50 = y0.fma(x, c50);
      c51 = y1.fma(x, c51);
    }
    int to = at;
    FloatVector s = FloatVector.broadcast(F, scales[scaleAt]);
    c00.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c01.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
    to += stride;
    s = FloatVector.broadcast(F, scales[scaleAt + 1]);
    c10.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c11.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
    to += stride;
    s = FloatVector.broadcast(F, scales[scaleAt + 2]);
    c20.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c21.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
    to += stride;
    s = FloatVector.broadcast(F, scales[scaleAt + 3]);
    c30.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c31.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
    to += stride;
    s = FloatVector.broadcast(F, scales[scaleAt + 4]);
    c40.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c41.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
    to += stride;
    s = FloatVector.broadcast(F, scales[scaleAt + 5]);
    c50.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c51.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
  }

  private static void four(
      float[] a,
      int aAt,
      float[] b,
      int bAt,
      float[] scales,
      int scaleAt,
      float undo,
      float[] c,
      int at,
      int stride) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = FloatVector.zero(F);
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = FloatVector.zero(F);
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = FloatVector.zero(F);
    for (int k = 0; k < Weight.BLOCK; k++) {
      int p = bAt + k * COLUMNS;
      FloatVector y0 = FloatVector.fromArray(F, b, p);
      FloatVector y1 = FloatVector.fromArray(F, b, p + LANES);
      FloatVector x = FloatVector.broadcast(F, a[aAt + k]);
      c00 = y0.fma(x, c00);
      c01 = y1.fma(x, c01);
      x = FloatVector.broadcast(F, a[aAt + Weight.BLOCK + k]);
      c10 = y0.fma(x, c10);
      c11 = y1.fma(x, c11);
      x = FloatVector.broadcast(F, a[aAt + 2 * Weight.BLOCK + k]);
      c20 = y0.fma(x, c20);
      c21 = y1.fma(x, c21);
      x = FloatVector.broadcast(F, a[aAt + 3 * Weight.BLOCK + k]);
      c30 = y0.fma(x, c30);
      c31 = y1.fma(x, c31);
    }
    int to = at;
    FloatVector s = FloatVector.broadcast(F, scales[scaleAt]);
    c00.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c01.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
    to += stride;
    s = FloatVector.broadcast(F, scales[scaleAt + 1]);
    c10.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c11.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
    to += stride;
    s = FloatVector.broadcast(F, scales[scaleAt + 2]);
    c20.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c21.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
    to += stride;
    s = FloatVector.broadcast(F, scales[scaleAt + 3]);
    c30.mul(undo).fma(s, FloatVector.fromArray(F, c, to)).intoArray(c, to);
    c31.mul(undo).fma(s, FloatVector.fromArray(F, c, to + LANES)).intoArray(c, to + LANES);
  }
}

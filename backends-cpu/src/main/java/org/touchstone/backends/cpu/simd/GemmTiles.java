package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The register tiles of a matrix product: up to three rows of A against four rows of B, one vector
 * of partial sums per element. Twelve sums, three vectors of A and one of B fill the 16 vector
 * registers of AVX2 and keep both of its multipliers busy.
 *
 * <p>The loops are written out: C2 keeps vectors in registers only while it sees all of them in one
 * method.
 */
final class GemmTiles {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = F.length();

  /** Rows of A in a tile. */
  static final int ROWS = 3;

  /** Rows of B in a tile. */
  static final int COLUMNS = 4;

  private GemmTiles() {}

  /**
   * Adds {@code scale sum_k a[i][k] b[j][k]} to the vector at {@code sums[at + i row + j LANES]}
   * for {@code i < rows} and {@code j < columns}: each lane adds up its own products first, then
   * the scaled sum is added with one fused multiply-add. Up to three more vectors after the last
   * one of a row are overwritten.
   *
   * @param rows 1 to {@link #ROWS}
   * @param columns at least 1
   * @param k a multiple of the vector length
   * @param scales one factor per row of A, from {@code scaleAt} on
   */
  static void add(
      float[] a,
      int aAt,
      int aStride,
      int rows,
      float[] b,
      int bAt,
      int bStride,
      int columns,
      int k,
      float[] scales,
      int scaleAt,
      float[] sums,
      int at,
      int row) {
    float s0 = scales[scaleAt];
    float s1 = rows > 1 ? scales[scaleAt + 1] : 0;
    float s2 = rows > 2 ? scales[scaleAt + 2] : 0;
    int a1 = aAt + aStride;
    int a2 = a1 + aStride;
    for (int j = 0; j < columns; j += COLUMNS) {
      int last = bAt + (columns - 1) * bStride;
      int b0 = bAt + j * bStride;
      int b1 = Math.min(b0 + bStride, last);
      int b2 = Math.min(b1 + bStride, last);
      int b3 = Math.min(b2 + bStride, last);
      int to = at + j * LANES;
      switch (rows) {
        case 1 -> tile1(a, aAt, b, b0, b1, b2, b3, k, s0, sums, to);
        case 2 -> tile2(a, aAt, a1, b, b0, b1, b2, b3, k, s0, s1, sums, to, row);
        default -> tile3(a, aAt, a1, a2, b, b0, b1, b2, b3, k, s0, s1, s2, sums, to, row);
      }
    }
  }

  private static void tile3(
      float[] a,
      int a0,
      int a1,
      int a2,
      float[] b,
      int b0,
      int b1,
      int b2,
      int b3,
      int k,
      float s0,
      float s1,
      float s2,
      float[] sums,
      int at,
      int row) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c02 = FloatVector.zero(F);
    FloatVector c03 = FloatVector.zero(F);
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = FloatVector.zero(F);
    FloatVector c12 = FloatVector.zero(F);
    FloatVector c13 = FloatVector.zero(F);
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = FloatVector.zero(F);
    FloatVector c22 = FloatVector.zero(F);
    FloatVector c23 = FloatVector.zero(F);
    for (int p = 0; p < k; p += LANES) {
      FloatVector x0 = FloatVector.fromArray(F, a, a0 + p);
      FloatVector x1 = FloatVector.fromArray(F, a, a1 + p);
      FloatVector x2 = FloatVector.fromArray(F, a, a2 + p);
      FloatVector y = FloatVector.fromArray(F, b, b0 + p);
      c00 = x0.fma(y, c00);
      c10 = x1.fma(y, c10);
      c20 = x2.fma(y, c20);
      y = FloatVector.fromArray(F, b, b1 + p);
      c01 = x0.fma(y, c01);
      c11 = x1.fma(y, c11);
      c21 = x2.fma(y, c21);
      y = FloatVector.fromArray(F, b, b2 + p);
      c02 = x0.fma(y, c02);
      c12 = x1.fma(y, c12);
      c22 = x2.fma(y, c22);
      y = FloatVector.fromArray(F, b, b3 + p);
      c03 = x0.fma(y, c03);
      c13 = x1.fma(y, c13);
      c23 = x2.fma(y, c23);
    }
    finish(c00, c01, c02, c03, s0, sums, at);
    finish(c10, c11, c12, c13, s1, sums, at + row);
    finish(c20, c21, c22, c23, s2, sums, at + 2 * row);
  }

  private static void tile2(
      float[] a,
      int a0,
      int a1,
      float[] b,
      int b0,
      int b1,
      int b2,
      int b3,
      int k,
      float s0,
      float s1,
      float[] sums,
      int at,
      int row) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c02 = FloatVector.zero(F);
    FloatVector c03 = FloatVector.zero(F);
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = FloatVector.zero(F);
    FloatVector c12 = FloatVector.zero(F);
    FloatVector c13 = FloatVector.zero(F);
    for (int p = 0; p < k; p += LANES) {
      FloatVector x0 = FloatVector.fromArray(F, a, a0 + p);
      FloatVector x1 = FloatVector.fromArray(F, a, a1 + p);
      FloatVector y = FloatVector.fromArray(F, b, b0 + p);
      c00 = x0.fma(y, c00);
      c10 = x1.fma(y, c10);
      y = FloatVector.fromArray(F, b, b1 + p);
      c01 = x0.fma(y, c01);
      c11 = x1.fma(y, c11);
      y = FloatVector.fromArray(F, b, b2 + p);
      c02 = x0.fma(y, c02);
      c12 = x1.fma(y, c12);
      y = FloatVector.fromArray(F, b, b3 + p);
      c03 = x0.fma(y, c03);
      c13 = x1.fma(y, c13);
    }
    finish(c00, c01, c02, c03, s0, sums, at);
    finish(c10, c11, c12, c13, s1, sums, at + row);
  }

  private static void tile1(
      float[] a,
      int a0,
      float[] b,
      int b0,
      int b1,
      int b2,
      int b3,
      int k,
      float s0,
      float[] sums,
      int at) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c02 = FloatVector.zero(F);
    FloatVector c03 = FloatVector.zero(F);
    for (int p = 0; p < k; p += LANES) {
      FloatVector x0 = FloatVector.fromArray(F, a, a0 + p);
      FloatVector y = FloatVector.fromArray(F, b, b0 + p);
      c00 = x0.fma(y, c00);
      y = FloatVector.fromArray(F, b, b1 + p);
      c01 = x0.fma(y, c01);
      y = FloatVector.fromArray(F, b, b2 + p);
      c02 = x0.fma(y, c02);
      y = FloatVector.fromArray(F, b, b3 + p);
      c03 = x0.fma(y, c03);
    }
    finish(c00, c01, c02, c03, s0, sums, at);
  }

  private static void finish(
      FloatVector c0,
      FloatVector c1,
      FloatVector c2,
      FloatVector c3,
      float scale,
      float[] sums,
      int at) {
    FloatVector s = FloatVector.broadcast(F, scale);
    c0.fma(s, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
    c1.fma(s, FloatVector.fromArray(F, sums, at + LANES)).intoArray(sums, at + LANES);
    c2.fma(s, FloatVector.fromArray(F, sums, at + 2 * LANES)).intoArray(sums, at + 2 * LANES);
    c3.fma(s, FloatVector.fromArray(F, sums, at + 3 * LANES)).intoArray(sums, at + 3 * LANES);
  }
}

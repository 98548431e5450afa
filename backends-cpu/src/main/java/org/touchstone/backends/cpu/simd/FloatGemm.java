package org.touchstone.backends.cpu.simd;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;

/**
 * Matrix products of FP32 panels in arrays, blocked for registers. Every output element is computed
 * by the same operations in the same order whatever else is computed with it, so results do not
 * depend on how many rows or columns a call covers, nor on where a call starts.
 *
 * <p>{@link #dots} multiplies rows with rows: lane l of an element's vector adds the products l, l
 * + LANES, l + 2 LANES, ... with fused multiply-add, and {@link LaneSums} adds the lanes. {@link
 * #accumulate} multiplies rows with columns: products are added to the element one after the other.
 */
final class FloatGemm {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  /** Independent partial sums of a dot product. */
  static final int LANES = F.length();

  /** What {@link #dots} declares. */
  static final Chain CHAIN = Chain.lanes(LANES, LaneSums.LEVELS);

  /** Rows of A that one pass of {@link #dots} takes. */
  private static final int ROWS = GemmTiles.ROWS;

  private static final float[] ONES = {1, 1, 1};

  /** Columns whose sums are kept at a time; a tile writes whole groups of four. */
  private static final int GROUP = Math.max(LANES, GemmTiles.COLUMNS);

  private static final int SUMS = GROUP * LANES;

  /** Floats of scratch that {@link #dots} needs. */
  static final int SCRATCH = ROWS * (SUMS + GROUP);

  private FloatGemm() {}

  /**
   * Computes {@code c[i][j] = sum_k a[i][k] b[j][k]} for {@code i < m}, {@code j < n}: row i of A
   * starts at {@code aAt + i aStride}, row j of B at {@code bAt + j bStride}, row i of C at {@code
   * cAt + i cStride}. {@code k = 0} gives 0.
   *
   * @param scratch {@link #SCRATCH} floats of the calling thread
   */
  static void dots(
      float[] a,
      int aAt,
      int aStride,
      int m,
      float[] b,
      int bAt,
      int bStride,
      int n,
      int k,
      float[] c,
      int cAt,
      int cStride,
      float[] scratch) {
    int whole = k - k % LANES;
    for (int j = 0; j < n; j += GROUP) {
      int columns = Math.min(GROUP, n - j);
      for (int i = 0; i < m; i += ROWS) {
        int rows = Math.min(ROWS, m - i);
        int a0 = aAt + i * aStride;
        int b0 = bAt + j * bStride;
        Arrays.fill(scratch, 0, rows * SUMS, 0f);
        GemmTiles.add(
            a, a0, aStride, rows, b, b0, bStride, columns, whole, ONES, 0, scratch, 0, SUMS);
        if (whole < k) {
          tail(a, a0, aStride, rows, b, b0, bStride, columns, whole, k, scratch);
        }
        LaneSums.add(scratch, 0, scratch, ROWS * SUMS, rows * GROUP / LANES);
        for (int r = 0; r < rows; r++) {
          System.arraycopy(
              scratch, ROWS * SUMS + r * GROUP, c, cAt + (i + r) * cStride + j, columns);
        }
      }
    }
  }

  private static void tail(
      float[] a,
      int aAt,
      int aStride,
      int rows,
      float[] b,
      int bAt,
      int bStride,
      int columns,
      int from,
      int to,
      float[] sums) {
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        int lane = i * SUMS + j * LANES;
        for (int k = from; k < to; k++, lane++) {
          sums[lane] = Math.fma(a[aAt + i * aStride + k], b[bAt + j * bStride + k], sums[lane]);
        }
      }
    }
  }

  /**
   * Adds a product: {@code c[i][j] += sum_k a[i][k] b[k][j]} for {@code i < m}, {@code j < n}, in
   * ascending k with fused multiply-add. Row i of A starts at {@code aAt + i aStride}, row k of B
   * at {@code bAt + k bStride}, row i of C at {@code cAt + i cStride}.
   */
  static void accumulate(
      float[] a,
      int aAt,
      int aStride,
      int m,
      float[] b,
      int bAt,
      int bStride,
      int n,
      int k,
      float[] c,
      int cAt,
      int cStride) {
    int i = 0;
    for (; i <= m - 4; i += 4) {
      int j = 0;
      for (; j <= n - 2 * LANES; j += 2 * LANES) {
        rows4(
            a,
            aAt + i * aStride,
            aStride,
            b,
            bAt + j,
            bStride,
            k,
            c,
            cAt + i * cStride + j,
            cStride);
      }
      for (int r = i; r < i + 4; r++) {
        row(a, aAt + r * aStride, b, bAt + j, bStride, n - j, k, c, cAt + r * cStride + j);
      }
    }
    for (; i < m; i++) {
      row(a, aAt + i * aStride, b, bAt, bStride, n, k, c, cAt + i * cStride);
    }
  }

  private static void row(
      float[] a, int aAt, float[] b, int bAt, int bStride, int n, int k, float[] c, int cAt) {
    int j = 0;
    for (; j <= n - 4 * LANES; j += 4 * LANES) {
      row1x4(a, aAt, b, bAt + j, bStride, k, c, cAt + j);
    }
    for (; j <= n - LANES; j += LANES) {
      row1x1(a, aAt, b, bAt + j, bStride, k, c, cAt + j);
    }
    for (; j < n; j++) {
      float sum = c[cAt + j];
      for (int p = 0; p < k; p++) {
        sum = Math.fma(a[aAt + p], b[bAt + p * bStride + j], sum);
      }
      c[cAt + j] = sum;
    }
  }

  private static void rows4(
      float[] a,
      int aAt,
      int aStride,
      float[] b,
      int bAt,
      int bStride,
      int k,
      float[] c,
      int cAt,
      int cStride) {
    int a1 = aAt + aStride;
    int a2 = a1 + aStride;
    int a3 = a2 + aStride;
    int c1 = cAt + cStride;
    int c2 = c1 + cStride;
    int c3 = c2 + cStride;
    FloatVector s00 = FloatVector.fromArray(F, c, cAt);
    FloatVector s01 = FloatVector.fromArray(F, c, cAt + LANES);
    FloatVector s10 = FloatVector.fromArray(F, c, c1);
    FloatVector s11 = FloatVector.fromArray(F, c, c1 + LANES);
    FloatVector s20 = FloatVector.fromArray(F, c, c2);
    FloatVector s21 = FloatVector.fromArray(F, c, c2 + LANES);
    FloatVector s30 = FloatVector.fromArray(F, c, c3);
    FloatVector s31 = FloatVector.fromArray(F, c, c3 + LANES);
    for (int p = 0; p < k; p++) {
      FloatVector x = FloatVector.fromArray(F, b, bAt + p * bStride);
      FloatVector y = FloatVector.fromArray(F, b, bAt + p * bStride + LANES);
      FloatVector f = FloatVector.broadcast(F, a[aAt + p]);
      s00 = x.fma(f, s00);
      s01 = y.fma(f, s01);
      f = FloatVector.broadcast(F, a[a1 + p]);
      s10 = x.fma(f, s10);
      s11 = y.fma(f, s11);
      f = FloatVector.broadcast(F, a[a2 + p]);
      s20 = x.fma(f, s20);
      s21 = y.fma(f, s21);
      f = FloatVector.broadcast(F, a[a3 + p]);
      s30 = x.fma(f, s30);
      s31 = y.fma(f, s31);
    }
    s00.intoArray(c, cAt);
    s01.intoArray(c, cAt + LANES);
    s10.intoArray(c, c1);
    s11.intoArray(c, c1 + LANES);
    s20.intoArray(c, c2);
    s21.intoArray(c, c2 + LANES);
    s30.intoArray(c, c3);
    s31.intoArray(c, c3 + LANES);
  }

  private static void row1x4(
      float[] a, int aAt, float[] b, int bAt, int bStride, int k, float[] c, int cAt) {
    FloatVector s0 = FloatVector.fromArray(F, c, cAt);
    FloatVector s1 = FloatVector.fromArray(F, c, cAt + LANES);
    FloatVector s2 = FloatVector.fromArray(F, c, cAt + 2 * LANES);
    FloatVector s3 = FloatVector.fromArray(F, c, cAt + 3 * LANES);
    for (int p = 0; p < k; p++) {
      int at = bAt + p * bStride;
      FloatVector f = FloatVector.broadcast(F, a[aAt + p]);
      s0 = FloatVector.fromArray(F, b, at).fma(f, s0);
      s1 = FloatVector.fromArray(F, b, at + LANES).fma(f, s1);
      s2 = FloatVector.fromArray(F, b, at + 2 * LANES).fma(f, s2);
      s3 = FloatVector.fromArray(F, b, at + 3 * LANES).fma(f, s3);
    }
    s0.intoArray(c, cAt);
    s1.intoArray(c, cAt + LANES);
    s2.intoArray(c, cAt + 2 * LANES);
    s3.intoArray(c, cAt + 3 * LANES);
  }

  private static void row1x1(
      float[] a, int aAt, float[] b, int bAt, int bStride, int k, float[] c, int cAt) {
    FloatVector sum = FloatVector.fromArray(F, c, cAt);
    for (int p = 0; p < k; p++) {
      sum =
          FloatVector.fromArray(F, b, bAt + p * bStride)
              .fma(FloatVector.broadcast(F, a[aAt + p]), sum);
    }
    sum.intoArray(c, cAt);
  }
}

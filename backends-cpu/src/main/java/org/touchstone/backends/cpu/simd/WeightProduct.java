package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cpu.micro.ActivationRows;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.Weight;

/**
 * Multiplies rows of activations with rows of a weight, in FP32: one block of a matrix product, the
 * work of one task. A lane adds up its products of 128 (with scales) or 256 elements, the sum times
 * its scale is added to the lane's total, and {@link LaneSums} adds the lanes. The order is the
 * same for every element, so a row's result does not depend on the other rows.
 */
final class WeightProduct {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** Elements that share a scale. */
  static final int BLOCK = GemmOperands.BLOCK;

  /** Elements whose products are added up before they join the total when there are no scales. */
  static final int LONG_BLOCK = 2 * BLOCK;

  /** Rows of activations that one call takes at most. */
  static final int ROWS = MicroKernels.PRODUCT_ROWS;

  /** Rows of the weight that one call takes at most. */
  static final int COLUMNS = MicroKernels.PRODUCT_COLUMNS;

  /** What a first row of the weight must be a multiple of. */
  static final int COLUMN_ALIGNMENT = 16;

  private WeightProduct() {}

  /** Returns the longest chain of additions of a product with such a weight. */
  static Chain chain(boolean blockScaled) {
    return Chain.blocked(FloatGemm.LANES, blockScaled ? BLOCK : LONG_BLOCK, LaneSums.LEVELS);
  }

  /**
   * Computes {@code out[i stride + j] = sum_k a[i,k] w[n0 + j, k]}, blocks scaled.
   *
   * @param m rows of activations, 1 to {@link #ROWS}
   * @param n0 first row of the weight, a multiple of {@link #COLUMN_ALIGNMENT}
   * @param n rows of the weight, 1 to {@link #COLUMNS}
   * @return the distance of two rows in {@code out}
   */
  static int compute(ActivationRows a, int m, Weight w, long n0, int n, float[] out) {
    GemmScratch scratch = GemmScratch.ofThread();
    int group = Math.max(FloatGemm.LANES, GemmTiles.COLUMNS);
    int stride = Math.ceilDiv(n, group) * group;
    if (w.k() == 0) {
      Arrays.fill(out, 0, m * stride, 0f);
      return stride;
    }
    Arrays.fill(scratch.sums, 0, m * stride * FloatGemm.LANES, 0f);
    if (m == 1) {
      row(a, w, n0, n, scratch);
    } else {
      rows(a, m, w, n0, n, stride, scratch);
    }
    LaneSums.add(scratch.sums, 0, out, 0, m * stride / FloatGemm.LANES);
    return stride;
  }

  private static void row(ActivationRows a, Weight w, long n0, int n, GemmScratch scratch) {
    int block = w.scales() == null ? LONG_BLOCK : BLOCK;
    int group = OperandPanels.group(w.dtype());
    if (w.scales() == null) {
      Arrays.fill(scratch.scales, 0, GemmScratch.ROW / block, 1f);
    }
    for (long k = 0; k < w.k(); k += GemmScratch.ROW) {
      int count = (int) Math.min(GemmScratch.ROW, w.k() - k);
      load(a, w.dtype(), 0, k, count, scratch.a, 0);
      multiply(scratch.a, OperandPanels.padded(w.dtype(), count), Gemv.rowFactor(w.dtype()));
      int whole = count % group == 0 ? count : count - count % block;
      long scaledFor = -1;
      for (int j = 0; j < n; j += Gemv.ROWS) {
        long blockRow = (n0 + j) / BLOCK;
        if (w.scales() != null && blockRow != scaledFor) {
          scaledFor = blockRow;
          for (int i = 0; i < Math.ceilDiv(count, BLOCK); i++) {
            scratch.scales[i] = scale(a, 0, k / BLOCK + i) * scale(w, blockRow, k / BLOCK + i);
          }
        }
        long[] b = scratch.rowOffsets;
        for (int r = 0; r < Gemv.ROWS; r++) {
          b[r] = w.element(n0 + Math.min(j + r, n - 1), k);
        }
        int at = j * FloatGemm.LANES;
        if (whole > 0) {
          Gemv.add(
              w.dtype(),
              scratch.a,
              0,
              w.memory(),
              b[0],
              b[1],
              b[2],
              b[3],
              whole,
              block,
              scratch.scales,
              0,
              scratch.sums,
              at);
        }
        if (whole < count) {
          tail(w, whole, count, block, scratch, at);
        }
      }
    }
  }

  /** Adds the products of a last block that ends within a group of vectors. */
  private static void tail(Weight w, int from, int to, int block, GemmScratch scratch, int at) {
    int bytes = w.dtype().bits() / 8;
    int padded = OperandPanels.padded(w.dtype(), to - from);
    long pitch = (long) padded * bytes;
    MemorySegment tail = scratch.tail.asSlice(0, Gemv.ROWS * pitch).fill((byte) 0);
    for (int r = 0; r < Gemv.ROWS; r++) {
      MemorySegment.copy(
          w.memory(),
          scratch.rowOffsets[r] + (long) from * bytes,
          tail,
          r * pitch,
          (long) (to - from) * bytes);
    }
    Gemv.add(
        w.dtype(),
        scratch.a,
        from,
        tail,
        0,
        pitch,
        2 * pitch,
        3 * pitch,
        padded,
        block,
        scratch.scales,
        from / block,
        scratch.sums,
        at);
  }

  /** Unpacks elements of a row into a panel, in the order of the weight's type. */
  private static void load(
      ActivationRows a, DType weight, int row, long k, int count, float[] to, int at) {
    long byteOffset = a.offset(row) + k * a.dtype().bits() / Byte.SIZE;
    if (a.dtype() == weight) {
      OperandPanels.load(a.memory(), byteOffset, weight, to, at, count);
    } else {
      float[] natural = GemmScratch.ofThread().natural;
      FloatRows.load(a.memory(), byteOffset, a.dtype(), natural, 0, count);
      OperandPanels.reorder(weight, natural, 0, to, at, count);
    }
  }

  private static float scale(ActivationRows a, int row, long block) {
    MemorySegment scales = a.scales();
    return scales == null ? 1 : scales.get(FLOAT, a.scaleOffset(row) + 4 * block);
  }

  private static float scale(Weight w, long blockRow, long block) {
    MemorySegment scales = w.scales();
    return scales == null
        ? 1
        : scales.get(FLOAT, w.scaleOffset() + 4 * (blockRow * w.blocks() + block));
  }

  private static void multiply(float[] values, int count, float factor) {
    if (factor == 1) {
      return;
    }
    for (int i = 0; i < count; i += F.length()) {
      FloatVector.fromArray(F, values, i).mul(factor).intoArray(values, i);
    }
  }

  private static void rows(
      ActivationRows a, int m, Weight w, long n0, int n, int stride, GemmScratch scratch) {
    int depth = GemmScratch.depth(m);
    int strip = GemmScratch.strip(m);
    int block = w.scales() == null ? LONG_BLOCK : BLOCK;
    for (long k = 0; k < w.k(); k += depth) {
      int count = (int) Math.min(depth, w.k() - k);
      int padded = OperandPanels.padded(w.dtype(), count);
      for (int i = 0; i < m; i++) {
        load(a, w.dtype(), i, k, count, scratch.a, i * depth);
      }
      for (int j = 0; j < n; j += strip) {
        int columns = Math.min(strip, n - j);
        for (int c = 0; c < columns; c++) {
          OperandPanels.load(
              w.memory(), w.element(n0 + j + c, k), w.dtype(), scratch.b, c * depth, count);
        }
        for (int from = 0; from < padded; from += block) {
          float scale = scale(w, (n0 + j) / BLOCK, (k + from) / BLOCK);
          for (int i = 0; i < m; i++) {
            scratch.scales[i] = w.scales() == null ? 1 : scale(a, i, (k + from) / BLOCK) * scale;
          }
          int length = Math.min(block, padded - from);
          int rows;
          for (int i = 0; i < m; i += rows) {
            // Two and two keep the multipliers busier than three and one.
            rows = m - i == 4 ? 2 : Math.min(GemmTiles.ROWS, m - i);
            GemmTiles.add(
                scratch.a,
                i * depth + from,
                depth,
                rows,
                scratch.b,
                from,
                depth,
                columns,
                length,
                scratch.scales,
                i,
                scratch.sums,
                (i * stride + j) * FloatGemm.LANES,
                stride * FloatGemm.LANES);
          }
        }
      }
    }
  }
}

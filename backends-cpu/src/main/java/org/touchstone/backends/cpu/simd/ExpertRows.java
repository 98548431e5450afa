package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.format.DType;

/**
 * Activations of many tokens, of which an expert takes some rows, and their products with the
 * expert's weights.
 *
 * @param memory holds the rows
 * @param dtype of the elements: that of the weights, or any type when the weights are F32
 * @param pitch bytes from row to row
 * @param scales FP32 scales per row and group of 128, without gaps; null without scales
 * @param columns row length
 */
record ExpertRows(
    MemorySegment memory, DType dtype, long pitch, @Nullable MemorySegment scales, int columns) {
  /** Rows of activations that share weights while these are unpacked. */
  static final int CHUNK = WeightProduct.ROWS;

  /** Some of the rows, in the order of their numbers. */
  private static final class Chosen implements GemmRows {
    private final ExpertRows rows;
    private final DType weight;
    private final int[] numbers;

    Chosen(ExpertRows rows, DType weight, int[] numbers) {
      this.rows = rows;
      this.weight = weight;
      this.numbers = numbers;
    }

    @Override
    public void load(int row, long k, int count, float[] to, int at) {
      DType dtype = rows.dtype;
      long byteOffset = numbers[row] * rows.pitch + k * (dtype.bits() / Byte.SIZE);
      if (dtype == weight) {
        OperandPanels.load(rows.memory, byteOffset, dtype, to, at, count);
      } else {
        // Panels of F32 keep the order of the elements.
        FloatRows.load(rows.memory, byteOffset, dtype, to, at, count);
        Arrays.fill(to, at + count, at + OperandPanels.padded(weight, count), 0f);
      }
    }

    @Override
    public float scale(int row, long block) {
      long index = numbers[row] * (long) rows.groups() + block;
      return rows.scales == null
          ? 1f
          : rows.scales.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index);
    }
  }

  /** Returns the groups of a row that have a scale each. */
  int groups() {
    return Math.ceilDiv(columns, WeightProduct.BLOCK);
  }

  /**
   * Multiplies rows by weight rows {@code from} to {@code from + count - 1}: row i, column j goes
   * to {@code out[at + i stride + j]}.
   *
   * @param numbers numbers of the rows that take part
   * @param m how many of them, at most {@link #CHUNK}
   */
  void multiply(
      int[] numbers, int m, GemmWeight w, int from, int count, float[] out, int at, int stride) {
    GemmScratch scratch = GemmScratch.ofThread();
    Chosen rows = new Chosen(this, w.dtype(), numbers);
    int end = from + count;
    int next;
    for (int n = from; n < end; n = next) {
      // A product starts at an aligned weight row; what lies before the wanted ones is dropped.
      int extra = n % WeightProduct.COLUMN_ALIGNMENT;
      next = Math.min(end, n - extra + WeightProduct.COLUMNS);
      int each = WeightProduct.compute(rows, m, w, n - extra, next - n + extra, scratch);
      for (int i = 0; i < m; i++) {
        System.arraycopy(scratch.out, i * each + extra, out, at + i * stride + n - from, next - n);
      }
    }
  }
}

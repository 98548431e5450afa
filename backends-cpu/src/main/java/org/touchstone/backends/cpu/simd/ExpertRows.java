package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.ActivationRows;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.Weight;

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
  private static final class Chosen implements ActivationRows {
    private final ExpertRows rows;
    private final int[] numbers;

    Chosen(ExpertRows rows, int[] numbers) {
      this.rows = rows;
      this.numbers = numbers;
    }

    @Override
    public MemorySegment memory() {
      return rows.memory;
    }

    @Override
    public DType dtype() {
      return rows.dtype;
    }

    @Override
    public long offset(int row) {
      return numbers[row] * rows.pitch;
    }

    @Override
    public @Nullable MemorySegment scales() {
      return rows.scales;
    }

    @Override
    public long scaleOffset(int row) {
      return numbers[row] * (long) rows.groups() * Float.BYTES;
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
      MicroKernels kernels,
      int[] numbers,
      int m,
      Weight w,
      int from,
      int count,
      float[] out,
      int at,
      int stride) {
    float[] product = GemmScratch.ofThread().out;
    Chosen rows = new Chosen(this, numbers);
    int end = from + count;
    int next;
    for (int n = from; n < end; n = next) {
      // A product starts at an aligned weight row; what lies before the wanted ones is dropped.
      int extra = n % kernels.columnAlignment();
      next = Math.min(end, n - extra + kernels.productColumns(m));
      int each = kernels.product(rows, m, w, n - extra, next - n + extra, product);
      for (int i = 0; i < m; i++) {
        System.arraycopy(product, i * each + extra, out, at + i * stride + n - from, next - n);
      }
    }
  }
}

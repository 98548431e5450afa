package org.touchstone.backends.cpu.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.Bf16;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.host.HostTensors;

/**
 * Rows of a weight [N, K] or of a stack of weights [E, N, K], decoded and scaled one row at a time,
 * so that a large checkpoint is never copied.
 */
final class WeightRows {
  private final MemorySegment memory;
  private final DType dtype;
  private final long rows;
  private final int columns;
  private final double @Nullable [] scales;
  private final long scaleRows;
  private final int scaleColumns;
  private final double[] table;

  /** Takes a dense weight and, for FP8, its scales per 128 x 128. */
  WeightRows(Tensor weight, @Nullable Tensor scale) {
    memory = weight.buffer().host().asSlice(weight.byteOffset(), weight.storageBytes());
    dtype = weight.dtype();
    rows = weight.dim(-2);
    columns = Math.toIntExact(weight.dim(-1));
    scales = scale == null ? null : HostTensors.doubles(scale);
    scaleRows = Math.ceilDiv(rows, GemmOperands.BLOCK);
    scaleColumns = Math.ceilDiv(columns, GemmOperands.BLOCK);
    table = new double[dtype.bits() == 8 ? 256 : 0];
    for (int code = 0; code < table.length; code++) {
      table[code] = dtype.format().decode(code);
    }
  }

  /** Returns the number of rows of one weight. */
  int rows() {
    return Math.toIntExact(rows);
  }

  /** Returns the row length. */
  int columns() {
    return columns;
  }

  /** Decodes row n of weight e, times its scales. */
  void row(long e, long n, double[] into) {
    long bytes = (long) columns * dtype.bits() / Byte.SIZE;
    // One copy to the heap, whose bounds are checked once.
    MemorySegment row = memory.asSlice((e * rows + n) * bytes, bytes);
    switch (dtype) {
      case F32 -> {
        float[] values = row.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        for (int k = 0; k < columns; k++) {
          into[k] = values[k];
        }
      }
      case BF16 -> {
        short[] codes = row.toArray(ValueLayout.JAVA_SHORT_UNALIGNED);
        for (int k = 0; k < columns; k++) {
          into[k] = Bf16.toFloat(codes[k]);
        }
      }
      default -> {
        byte[] codes = row.toArray(ValueLayout.JAVA_BYTE);
        for (int k = 0; k < columns; k++) {
          into[k] = table[codes[k] & 0xFF];
        }
      }
    }
    if (scales != null) {
      int base = (int) ((e * scaleRows + n / GemmOperands.BLOCK) * scaleColumns);
      for (int k = 0; k < columns; k++) {
        into[k] *= scales[base + k / GemmOperands.BLOCK];
      }
    }
  }

  /**
   * Returns the smallest normal element that row n of weight e may have, for every block of 128
   * columns.
   */
  double[] leastNormals(long e, long n) {
    double[] least = new double[scaleColumns];
    Arrays.fill(least, dtype.format().minNormal());
    if (scales != null) {
      int base = (int) ((e * scaleRows + n / GemmOperands.BLOCK) * scaleColumns);
      for (int i = 0; i < scaleColumns; i++) {
        least[i] *= Math.abs(scales[base + i]);
      }
    }
    return least;
  }

  /**
   * Multiplies a row by a vector.
   *
   * @param result value at index 0, bound at index 1
   */
  static void dot(
      double[] row, double[] x, double[] xError, double c, ErrorModel model, double[] result) {
    double sum = 0;
    double magnitude = 0;
    double carried = 0;
    for (int k = 0; k < x.length; k++) {
      double term = row[k] * x[k];
      sum += term;
      magnitude += Math.abs(term);
      carried += Math.abs(row[k]) * xError[k];
    }
    double flushed = model.flushesInputs() ? subnormalTerms(row, x) : 0;
    result[0] = sum;
    result[1] = c * magnitude + carried + flushed + x.length * model.underflow();
  }

  /** Returns the sum of the terms' magnitudes that have a subnormal FP32 operand. */
  private static double subnormalTerms(double[] row, double[] x) {
    double sum = 0;
    for (int k = 0; k < x.length; k++) {
      if (Math.min(Math.abs(row[k]), Math.abs(x[k])) < Float.MIN_NORMAL) {
        sum += Math.abs(row[k] * x[k]);
      }
    }
    return sum;
  }
}

package org.touchstone.tools.peers;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;

/**
 * Rows of a dense host tensor as FP32, scales applied. Nothing is held decoded: weights of experts
 * would not fit.
 */
final class Matrix {
  private static final int BLOCK = 128;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MemorySegment memory;
  private final DType dtype;
  private final int rows;
  private final int columns;
  private final float[] table;
  private final @Nullable MemorySegment scales;
  private final int rowsPerScale;

  /** Rows that one scale covers. */
  enum ScaleRows {
    /** Activations: a scale per row and block of columns. */
    ONE(1),
    /** Weights: a scale per square block. */
    BLOCK(Matrix.BLOCK);

    private final int count;

    ScaleRows(int count) {
      this.count = count;
    }
  }

  private Matrix(Tensor tensor, int rows, @Nullable Tensor scales, int rowsPerScale) {
    memory = tensor.buffer().host().asSlice(tensor.byteOffset());
    dtype = tensor.dtype();
    this.rows = rows;
    columns = Math.toIntExact(tensor.shape().elements() / rows);
    table = dtype == DType.E4M3FN ? decoded(dtype) : new float[0];
    this.scales = scales == null ? null : scales.buffer().host().asSlice(scales.byteOffset());
    this.rowsPerScale = rowsPerScale;
  }

  /** Reads a tensor as the given number of rows, whatever its shape. */
  static Matrix of(Tensor tensor, int rows) {
    return new Matrix(tensor, rows, null, 1);
  }

  /** Reads codes with one scale per 128 columns. */
  static Matrix scaled(Tensor tensor, int rows, Tensor scales, ScaleRows per) {
    return new Matrix(tensor, rows, scales, per.count);
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /** Decodes a row to {@code into[at..]}. */
  void read(int row, float[] into, int at) {
    long first = (long) row * columns;
    switch (dtype) {
      case F32 -> {
        for (int i = 0; i < columns; i++) {
          into[at + i] = memory.get(FLOAT, 4 * (first + i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < columns; i++) {
          into[at + i] = Float.intBitsToFloat(memory.get(SHORT, 2 * (first + i)) << 16);
        }
      }
      case E4M3FN -> {
        for (int i = 0; i < columns; i++) {
          into[at + i] = table[memory.get(ValueLayout.JAVA_BYTE, first + i) & 0xFF];
        }
      }
      default -> throw new IllegalArgumentException("peers read no " + dtype);
    }
    if (scales != null) {
      long blocks = Math.ceilDiv(columns, BLOCK);
      long scaleRow = row / rowsPerScale * blocks;
      for (int i = 0; i < columns; i++) {
        into[at + i] *= scales.get(FLOAT, 4 * (scaleRow + i / BLOCK));
      }
    }
  }

  /** Reads one element of an I32 tensor. */
  int integer(int element) {
    return memory.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * element);
  }

  /** Decodes rows into a new array. */
  float[] rows(int first, int count) {
    float[] all = new float[Math.multiplyExact(count, columns)];
    for (int row = 0; row < count; row++) {
      read(first + row, all, row * columns);
    }
    return all;
  }

  /** Decodes everything. */
  float[] all() {
    return rows(0, rows);
  }

  private static float[] decoded(DType dtype) {
    float[] values = new float[1 << dtype.bits()];
    for (int code = 0; code < values.length; code++) {
      values[code] = (float) dtype.format().decode(code);
    }
    return values;
  }
}

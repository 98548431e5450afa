package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.spi.Memories;

/** The left operand of {@link WeightProduct}: rows of activations. */
interface GemmRows {
  /**
   * Unpacks elements of a row into a panel, as {@link OperandPanels} does for the weight's type;
   * {@link OperandPanels#reorder} brings floats of any origin into that order.
   */
  void load(int row, long k, int count, float[] to, int at);

  /** Returns the scale of 128 elements of a row; 1 when rows have no such scales. */
  default float scale(int row, long block) {
    return 1;
  }

  /**
   * Adjacent rows of a tensor whose type is the weight's.
   *
   * @param memory from the tensor's first element on
   * @param base number of the element from which rows count
   * @param first number of the first row
   * @param pitch distance of rows in elements
   * @param scales per 1 x 128, or null
   * @param scaleBase number of the scale from which rows count
   * @param scalePitch distance of rows of scales
   */
  record OfTensor(
      MemorySegment memory,
      DType dtype,
      long base,
      long first,
      long pitch,
      @Nullable MemorySegment scales,
      long scaleBase,
      long scalePitch)
      implements GemmRows {
    /** Takes rows of a matrix from a row number on, with scales per 1 x 128 or none. */
    static OfTensor of(Tensor rows, @Nullable Tensor blockScales, long first) {
      return new OfTensor(
          Memories.host(rows),
          rows.dtype(),
          0,
          first,
          rows.strides().step(-2),
          blockScales == null ? null : Memories.host(blockScales),
          0,
          blockScales == null ? 0 : blockScales.strides().step(-2));
    }

    @Override
    public void load(int row, long k, int count, float[] to, int at) {
      long element = base + (first + row) * pitch + k;
      OperandPanels.load(memory, element * dtype.bits() / 8, dtype, to, at, count);
    }

    @Override
    public float scale(int row, long block) {
      return scales == null
          ? 1
          : scales.get(
              ValueLayout.JAVA_FLOAT_UNALIGNED,
              4 * (scaleBase + (first + row) * scalePitch + block));
    }
  }
}

package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.ActivationRows;
import org.touchstone.backends.spi.Memories;

/**
 * Adjacent rows of a tensor.
 *
 * @param memory from the tensor's first element on
 * @param base number of the element from which rows count
 * @param first number of the first row
 * @param pitch distance of rows in elements
 * @param scales per 1 x 128, or null
 * @param scaleBase number of the scale from which rows count
 * @param scalePitch distance of rows of scales
 */
record GemmRows(
    MemorySegment memory,
    DType dtype,
    long base,
    long first,
    long pitch,
    @Nullable MemorySegment scales,
    long scaleBase,
    long scalePitch)
    implements ActivationRows {
  /** Takes rows of a matrix from a row number on, with scales per 1 x 128 or none. */
  static GemmRows of(Tensor rows, @Nullable Tensor blockScales, long first) {
    return new GemmRows(
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
  public long offset(int row) {
    return (base + (first + row) * pitch) * dtype.bits() / Byte.SIZE;
  }

  @Override
  public long scaleOffset(int row) {
    return (scaleBase + (first + row) * scalePitch) * Float.BYTES;
  }
}

package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.spi.Memories;

/**
 * The right operand of {@link WeightProduct}: a dense weight [N, K].
 *
 * @param memory of the weight or of a stack of weights
 * @param first number of the weight's first element
 * @param dtype F32, BF16 or E4M3FN
 * @param k row length
 * @param scales per 128 x 128, or null
 * @param firstScale number of the weight's first scale
 */
record GemmWeight(
    MemorySegment memory,
    long first,
    DType dtype,
    long k,
    @Nullable MemorySegment scales,
    long firstScale) {
  /** Takes weight e of a stack [E, N, K], or the weight [N, K] itself with e = 0. */
  static GemmWeight of(Tensor weight, @Nullable Tensor blockScales, long e) {
    long scalesEach = blockScales == null ? 0 : blockScales.dim(-2) * blockScales.dim(-1);
    return new GemmWeight(
        Memories.host(weight),
        e * weight.dim(-2) * weight.dim(-1),
        weight.dtype(),
        weight.dim(-1),
        blockScales == null ? null : Memories.host(blockScales),
        e * scalesEach);
  }

  /** Returns the byte offset of an element. */
  long offset(long n, long column) {
    return (first + n * k + column) * dtype.bits() / 8;
  }

  /** Returns the scale of a block of 128 x 128; 1 when there are none. */
  float scale(long blockRow, long blockColumn) {
    if (scales == null) {
      return 1;
    }
    long index = firstScale + blockRow * Math.ceilDiv(k, WeightProduct.BLOCK) + blockColumn;
    return scales.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index);
  }
}

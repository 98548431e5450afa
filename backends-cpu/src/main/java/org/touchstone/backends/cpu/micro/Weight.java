package org.touchstone.backends.cpu.micro;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.spi.Memories;

/**
 * The right operand of a product: a weight [N, K], dense or packed.
 *
 * @param memory of the weight or of a stack of weights
 * @param offset of the weight's first byte
 * @param dtype F32, BF16 or E4M3FN
 * @param layout PLAIN or {@link PackedWeights#LAYOUT}
 * @param k row length
 * @param scales FP32 per 128 x 128, or null
 * @param scaleOffset of the weight's first scale, in bytes
 */
public record Weight(
    MemorySegment memory,
    long offset,
    DType dtype,
    Layout layout,
    long k,
    @Nullable MemorySegment scales,
    long scaleOffset) {
  /** Elements along both dimensions that share a scale. */
  public static final int BLOCK = 128;

  /** Takes weight e of a stack [E, N, K], or the weight [N, K] itself with e = 0. */
  public static Weight of(Tensor weight, @Nullable Tensor blockScales, long e) {
    long n = weight.dim(-2);
    long k = weight.dim(-1);
    long bytes =
        weight.layout().plain()
            ? n * k * weight.dtype().bits() / Byte.SIZE
            : PackedWeights.bytes(weight.dtype(), n, k);
    long scalesEach = blockScales == null ? 0 : blockScales.dim(-2) * blockScales.dim(-1);
    return new Weight(
        memory(weight),
        e * bytes,
        weight.dtype(),
        weight.layout(),
        k,
        blockScales == null ? null : Memories.host(blockScales),
        e * scalesEach * Float.BYTES);
  }

  private static MemorySegment memory(Tensor weight) {
    return weight.layout().plain()
        ? Memories.host(weight)
        : weight.buffer().host().asSlice(weight.byteOffset());
  }

  /** Returns the byte offset of an element of a plain weight. */
  public long element(long n, long column) {
    return offset + (n * k + column) * dtype.bits() / Byte.SIZE;
  }

  /** Returns the number of scales, or of blocks, of a row. */
  public long blocks() {
    return Math.ceilDiv(k, BLOCK);
  }
}

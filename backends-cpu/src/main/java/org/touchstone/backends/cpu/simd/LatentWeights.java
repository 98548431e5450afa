package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.cpu.micro.ActivationRows;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.Weight;

/**
 * Products with W_kvb, which holds per head dn rows of W_UK and then dv rows of W_UV, all dc long.
 */
final class LatentWeights {
  private final MicroKernels kernels;
  private final MemorySegment memory;
  private final long base;
  private final DType dtype;
  private final int latent;
  private final int nope;
  private final int perHead;

  LatentWeights(Tensor wKvb, MlaDims dims, MicroKernels kernels) {
    this.kernels = kernels;
    memory = wKvb.buffer().host();
    base = wKvb.byteOffset();
    dtype = wKvb.dtype();
    latent = Math.toIntExact(dims.latentDim());
    nope = Math.toIntExact(dims.nopeDim());
    perHead = Math.toIntExact(dims.nopeDim() + dims.valueDim());
  }

  /** Declares what attention does whose keys or outputs are expanded from latent rows. */
  static KernelTraits traits(MicroKernels kernels, DType weight, long depth, long latent) {
    KernelTraits attention = kernels.attentionTraits(depth);
    KernelTraits product =
        kernels.productTraits(weight == DType.BF16 ? GemmOperands.BF16 : GemmOperands.F32);
    Chain chain = attention.chain();
    long more = product.chain().length(latent) - chain.length(latent);
    return attention
        .with(Chain.blocked(chain.lanes(), chain.block(), chain.extra() + Math.max(0, more)))
        .with(product.subnormals());
  }

  /** Says where the rows of a product lie. */
  @FunctionalInterface
  interface Offsets {
    /** Returns the byte offset of a row. */
    long of(int row);
  }

  /** Takes a part of a product's row. */
  @FunctionalInterface
  interface RowWriter {
    /** Takes elements {@code first .. first + count - 1} of row {@code row}. */
    void write(int row, int first, int count, float[] from, int at);
  }

  /** Rows without scales. */
  private record Rows(MemorySegment memory, DType dtype, Offsets offsets)
      implements ActivationRows {
    @Override
    public long offset(int row) {
      return offsets.of(row);
    }

    @Override
    public @Nullable MemorySegment scales() {
      return null;
    }

    @Override
    public long scaleOffset(int row) {
      return 0;
    }
  }

  private Weight weight(long firstRow) {
    long offset = base + firstRow * latent * (dtype.bits() / Byte.SIZE);
    return new Weight(memory, offset, dtype, Layout.PLAIN, latent, null, 0);
  }

  /**
   * Computes {@code W_UK^T q} for a few queries into FP32 rows.
   *
   * @param to where the results go, {@code pitch} bytes apart from {@code byteOffset} on
   */
  void absorb(
      long head,
      int rows,
      MemorySegment from,
      DType type,
      Offsets queries,
      MemorySegment to,
      long byteOffset,
      long pitch) {
    kernels.accumulate(
        new Rows(from, type, queries), rows, weight(head * perHead), nope, to, byteOffset, pitch);
  }

  /**
   * Computes {@code W c} for a few latent rows and the rows {@code from .. to - 1} of the head's
   * weights: from 0 to dn for keys, from dn to dn + dv for values.
   */
  void expand(
      long head,
      int from,
      int to,
      int rows,
      MemorySegment latents,
      DType type,
      Offsets offsets,
      RowWriter expanded) {
    Rows c = new Rows(latents, type, offsets);
    Weight w = weight(head * perHead + from);
    float[] product = GemmScratch.ofThread().out;
    for (int first = 0; first < to - from; first += MicroKernels.PRODUCT_COLUMNS) {
      int count = Math.min(MicroKernels.PRODUCT_COLUMNS, to - from - first);
      int stride = kernels.dots(c, rows, w, first, count, product);
      for (int r = 0; r < rows; r++) {
        expanded.write(r, first, count, product, r * stride);
      }
    }
  }
}

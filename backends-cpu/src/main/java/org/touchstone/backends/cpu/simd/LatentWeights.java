package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.cpu.micro.AttentionTile;

/**
 * Products with W_kvb, which holds per head dn rows of W_UK and then dv rows of W_UV, all dc long.
 * Weights are widened to FP32 in blocks of {@link AttentionTile#KEYS} rows.
 */
final class LatentWeights {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int BLOCK = AttentionTile.KEYS;

  private final MemorySegment memory;
  private final long base;
  private final DType dtype;
  private final int latent;
  private final int width;
  private final int nope;
  private final int perHead;

  LatentWeights(Tensor wKvb, MlaDims dims) {
    memory = wKvb.buffer().host();
    base = wKvb.byteOffset();
    dtype = wKvb.dtype();
    latent = Math.toIntExact(dims.latentDim());
    width = AttentionMath.padded(latent);
    nope = Math.toIntExact(dims.nopeDim());
    perHead = Math.toIntExact(dims.nopeDim() + dims.valueDim());
  }

  /** Reads a latent row into FP32. */
  @FunctionalInterface
  interface RowReader {
    /** Writes row {@code row} to {@code to} from {@code at} on. */
    void read(int row, float[] to, int at);
  }

  /** Takes a part of a product's row. */
  @FunctionalInterface
  interface RowWriter {
    /** Takes elements {@code first .. first + count - 1} of row {@code row}. */
    void write(int row, int first, int count, float[] from, int at);
  }

  /** Computes {@code W_UK^T q} for a few queries. */
  void absorb(long head, int rows, RowReader queries, RowWriter absorbed) {
    FloatScratch scratch = FloatScratch.current();
    float[] q = scratch.rows(rows * nope);
    float[] sum = scratch.product(rows * width);
    float[] w = scratch.block(BLOCK * width);
    Arrays.fill(sum, 0, rows * width, 0);
    for (int r = 0; r < rows; r++) {
      queries.read(r, q, r * nope);
    }
    for (int d = 0; d < nope; d += BLOCK) {
      int count = Math.min(BLOCK, nope - d);
      load(head * perHead + d, count, w);
      AttentionMath.weigh(q, d, nope, rows, w, width, 0, count, width, sum, 0, width);
    }
    for (int r = 0; r < rows; r++) {
      absorbed.write(r, 0, latent, sum, r * width);
    }
  }

  /**
   * Computes {@code W c} for a few latent rows and the rows {@code from .. to - 1} of the head's
   * weights: from 0 to dn for keys, from dn to dn + dv for values.
   */
  void expand(long head, int from, int to, int rows, RowReader latents, RowWriter expanded) {
    FloatScratch scratch = FloatScratch.current();
    float[] c = scratch.rows(rows * width);
    float[] product = scratch.product(rows * BLOCK);
    float[] w = scratch.block(BLOCK * width);
    for (int r = 0; r < rows; r++) {
      Arrays.fill(c, r * width + latent, (r + 1) * width, 0);
      latents.read(r, c, r * width);
    }
    for (int first = from; first < to; first += BLOCK) {
      int count = Math.min(BLOCK, to - first);
      load(head * perHead + first, count, w);
      AttentionMath.scores(c, rows, w, 0, count, width, product, BLOCK, scratch.sums());
      for (int r = 0; r < rows; r++) {
        expanded.write(r, first - from, count, product, r * BLOCK);
      }
    }
  }

  private void load(long row, int count, float[] to) {
    long bytes = dtype.bits() / 8L;
    if (width == latent) {
      FloatRows.load(memory, base + row * latent * bytes, dtype, to, 0, count * latent);
      return;
    }
    for (int i = 0; i < count; i++) {
      FloatRows.load(memory, base + (row + i) * latent * bytes, dtype, to, i * width, latent);
      Arrays.fill(to, i * width + latent, (i + 1) * width, 0);
    }
  }

  /** Reads FP32 rows of {@code count} elements that lie {@code stride} bytes apart. */
  static RowReader floats(MemorySegment from, long byteOffset, long stride, int count) {
    return (row, to, at) ->
        MemorySegment.copy(from, FLOAT, byteOffset + row * stride, to, at, count);
  }

  /** Writes FP32 rows that lie {@code stride} bytes apart. */
  static RowWriter floats(MemorySegment to, long byteOffset, long stride) {
    return (row, first, count, from, at) ->
        MemorySegment.copy(
            from, at, to, FLOAT, byteOffset + row * stride + (long) first * Float.BYTES, count);
  }
}

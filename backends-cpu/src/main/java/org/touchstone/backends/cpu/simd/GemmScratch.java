package org.touchstone.backends.cpu.simd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.touchstone.backends.cpu.micro.MicroKernels;

/** The arrays of one thread in which {@link WeightProduct} works; of fixed size. */
final class GemmScratch {
  private static final ThreadLocal<GemmScratch> OF_THREAD =
      ThreadLocal.withInitial(GemmScratch::new);

  /** Unpacked elements of the weight: 16 KiB, half of a first-level cache. */
  private static final int WEIGHT = 1 << 12;

  /**
   * Unpacked elements of activations when there are several rows: a part of a second-level cache.
   */
  private static final int ACTIVATIONS = WeightProduct.ROWS * WeightProduct.LONG_BLOCK;

  /** Elements of a single row that are unpacked at a time. */
  static final int ROW = 1 << 14;

  /** Unpacked rows of A. */
  final float[] a = new float[Math.max(ACTIVATIONS, ROW)];

  /** A row before it is brought into the order of another type. */
  final float[] natural = new float[ROW];

  /** Unpacked rows of the weight. */
  final float[] b = new float[WEIGHT];

  /** One vector of partial sums per element of the result. */
  final float[] sums = new float[WeightProduct.ROWS * WeightProduct.COLUMNS * FloatGemm.LANES];

  /** The result. */
  final float[] out = new float[MicroKernels.PRODUCT_RESULT];

  /** Factors of the rows of A, or of the blocks of a single row. */
  final float[] scales = new float[Math.max(WeightProduct.ROWS, ROW / WeightProduct.BLOCK)];

  /** The end of four weight rows, padded with zeros to whole vectors. */
  final MemorySegment tail =
      Arena.ofAuto().allocate((long) Gemv.ROWS * WeightProduct.LONG_BLOCK * Float.BYTES, 64);

  /** Byte offsets of four weight rows. */
  final long[] rowOffsets = new long[Gemv.ROWS];

  private GemmScratch() {}

  /**
   * Returns how many elements of each of {@code m} rows to unpack at a time: few rows leave room
   * for long pieces, which stream better.
   */
  static int depth(int m) {
    return m <= 24
        ? 4 * WeightProduct.LONG_BLOCK
        : m <= 48 ? 2 * WeightProduct.LONG_BLOCK : WeightProduct.LONG_BLOCK;
  }

  /** Returns how many rows of the weight to unpack at a time. */
  static int strip(int m) {
    return WEIGHT / depth(m);
  }

  /** Returns the scratch of the calling thread. */
  static GemmScratch ofThread() {
    return OF_THREAD.get();
  }
}

package org.touchstone.backends.cpu.simd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.micro.Weight;

/** The arrays of one thread in which {@link WeightProduct} works; of fixed size. */
final class GemmScratch {
  private static final ThreadLocal<GemmScratch> OF_THREAD =
      ThreadLocal.withInitial(GemmScratch::new);

  /** Blocks of activations that are unpacked at a time: 128 KiB, a part of a level-2 cache. */
  private static final int ROW_BLOCKS = 256;

  /** Unpacked blocks of rows of A: block by block of k, all rows. Tiles read a few rows more. */
  final float[] a = new float[(ROW_BLOCKS + PanelTiles.ROWS) * Weight.BLOCK];

  /** The scales of these blocks. */
  final float[] scales = new float[ROW_BLOCKS];

  /** The scales of rows times that of a block of the weight; tiles read a few more. */
  final float[] factors = new float[WeightProduct.ROWS];

  /** An unpacked block of the weight. */
  final float[] panels = new float[PackedWeights.ROWS * Weight.BLOCK];

  /** A block of a plain weight in packed order. */
  final MemorySegment packed = Arena.ofAuto().allocate(PackedBlocks.bytes(DType.F32), 64);

  /** What an epilogue adds to a row of the result. */
  final float[] b = new float[WeightProduct.MOST_COLUMNS];

  /** The result. */
  final float[] out = new float[MicroKernels.PRODUCT_RESULT];

  private GemmScratch() {}

  /** Returns how many blocks of each of {@code m} rows to unpack at a time. */
  static int blocks(int m) {
    return ROW_BLOCKS / m;
  }

  /** Returns the scratch of the calling thread. */
  static GemmScratch ofThread() {
    return OF_THREAD.get();
  }
}

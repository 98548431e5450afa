package org.touchstone.backends.cuda.op;

import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.CudaQueue;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;

/**
 * The kernels that multiply, dense or grouped, of one kind of operands. Tiles are high or flat; the
 * bits of an element are the same in both.
 */
final class Products {
  private static final int TILE_COLUMNS = 64;

  /** Rows per expert below which flat tiles waste less. */
  private static final long FEW_ROWS = 24;

  private final int scales;
  private final CudaFunction high;
  private final CudaFunction flat;

  private enum Tile {
    HIGH(64, 256),
    FLAT(8, 128);

    private final int rows;
    private final int threads;

    Tile(int rows, int threads) {
      this.rows = rows;
      this.threads = threads;
    }
  }

  Products(GemmOperands operands, CudaContext context) {
    String name =
        switch (operands) {
          case F32 -> "f32";
          case BF16 -> "bf16";
          case FP8_TENSOR, FP8_CHANNEL -> "fp8";
          case FP8_BLOCK -> "fp8_block";
        };
    scales =
        switch (operands) {
          case F32, BF16 -> 0;
          case FP8_TENSOR -> 1;
          case FP8_CHANNEL -> 2;
          case FP8_BLOCK -> 3;
        };
    high = context.function("gemm", "ts_gemm_" + name + "_m64");
    flat = context.function("gemm", "ts_gemm_" + name + "_m8");
  }

  /** Returns what a product declares: one running sum, in blocks where scales change. */
  static KernelTraits traits(GemmOperands operands, CudaContext context) {
    return Launches.traits(context)
        .with(
            operands == GemmOperands.FP8_BLOCK
                ? Chain.blocked(1, GemmOperands.BLOCK, 0)
                : Chain.SEQUENTIAL);
  }

  void launch(BackendQueue queue, Product product, RowGroups groups) {
    if (groups.rows() == 0) {
      return;
    }
    Tile tile = groups.rows() <= FEW_ROWS * groups.experts() ? Tile.FLAT : Tile.HIGH;
    KernelParams params = new KernelParams();
    product.describe(params, scales);
    groups.describe(params);
    CudaQueue.of(queue)
        .launch(
            tile == Tile.FLAT ? flat : high,
            Dim3.of(
                Math.toIntExact(Math.ceilDiv(product.columns(), TILE_COLUMNS)),
                Math.toIntExact(Math.ceilDiv(groups.rows(), tile.rows))),
            Dim3.of(tile.threads),
            0,
            params);
  }
}

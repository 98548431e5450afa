package org.touchstone.backends.cuda.op;

import java.util.Optional;
import java.util.function.Function;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.Numerics;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.CudaQueue;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * The kernels that multiply, dense or grouped, of one kind of operands.
 *
 * <p>Tensor cores serve operands whose rows move in 16-byte chunks, where the spec accepts how they
 * add; everything else goes to plain tiles, high or flat. Which of them makes an element depends on
 * the layout of the operands only, never on the number of rows, except for high and flat tiles,
 * which make the same bits.
 */
final class Products {
  private static final int TILE_COLUMNS = 64;

  /** Rows per expert below which flat tiles waste less. */
  private static final long FEW_ROWS = 24;

  private final GemmOperands operands;
  private final Optional<TensorCoreTile> tensorCores;
  private final Optional<CudaFunction> matrix;
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

  Products(GemmOperands operands, Numerics accepted, CudaContext context) {
    this.operands = operands;
    String name =
        switch (operands) {
          case F32 -> "f32";
          case BF16 -> "bf16";
          case FP8_TENSOR, FP8_CHANNEL -> "fp8";
          case FP8_BLOCK -> "fp8_block";
        };
    tensorCores = tensorCores(operands, accepted, context);
    matrix = tensorCores.map(tile -> tile.load(operands, context));
    high = context.function("gemm", "ts_gemm_" + name + "_m64");
    flat = context.function("gemm", "ts_gemm_" + name + "_m8");
  }

  private static Optional<TensorCoreTile> tensorCores(
      GemmOperands operands, Numerics accepted, CudaContext context) {
    return TensorCoreTile.of(operands, context)
        .filter(tile -> accepted.refuse(TensorCoreTile.traits(operands, context)).isEmpty());
  }

  /**
   * Answers for an operator that is one product of weights as they are.
   *
   * @param op the operator's name
   * @param start makes its kernel
   */
  static <A extends Args> Plan<A> plan(
      String op,
      Layout weights,
      GemmOperands operands,
      Numerics accepted,
      CudaContext context,
      Function<Products, Kernel<A>> start) {
    if (!weights.plain()) {
      return Plan.refuses(ReasonCode.LAYOUT, "the product reads PLAIN weights, not " + weights);
    }
    return new Plan.Runs<>(
        op + "." + kernel(operands, accepted, context),
        traits(operands, accepted, context),
        () -> start.apply(new Products(operands, accepted, context)));
  }

  /** Returns what a product declares: the weaker of the kernels that may serve it. */
  static KernelTraits traits(GemmOperands operands, Numerics accepted, CudaContext context) {
    if (tensorCores(operands, accepted, context).isPresent()) {
      KernelTraits traits = TensorCoreTile.traits(operands, context);
      return operands == GemmOperands.FP8_BLOCK ? traits : traits.with(Chain.SEQUENTIAL);
    }
    return Launches.traits(context)
        .with(
            operands == GemmOperands.FP8_BLOCK
                ? Chain.blocked(1, GemmOperands.BLOCK, 0)
                : Chain.SEQUENTIAL);
  }

  /** Returns the name of what serves well-aligned operands. */
  static String kernel(GemmOperands operands, Numerics accepted, CudaContext context) {
    return tensorCores(operands, accepted, context).map(TensorCoreTile::label).orElse("tiles");
  }

  private int scales() {
    return switch (operands) {
      case F32, BF16 -> 0;
      case FP8_TENSOR -> 1;
      case FP8_CHANNEL -> 2;
      case FP8_BLOCK -> 3;
    };
  }

  void launch(BackendQueue queue, Product product, RowGroups groups) {
    if (groups.rows() == 0) {
      return;
    }
    KernelParams params = new KernelParams();
    product.describe(params, scales());
    groups.describe(params);
    long elementBytes = operands.dtype().bits() / Byte.SIZE;
    if (tensorCores.isPresent() && matrix.isPresent() && product.movesInChunks(elementBytes)) {
      TensorCoreTile tile = tensorCores.get();
      CudaQueue.of(queue)
          .launch(
              matrix.get(),
              grid(product, tile.columns(), groups, tile.rows()),
              Dim3.of(tile.threads()),
              tile.sharedBytes(),
              params);
      return;
    }
    Tile tile = groups.rows() <= FEW_ROWS * groups.experts() ? Tile.FLAT : Tile.HIGH;
    CudaQueue.of(queue)
        .launch(
            tile == Tile.FLAT ? flat : high,
            grid(product, TILE_COLUMNS, groups, tile.rows),
            Dim3.of(tile.threads),
            0,
            params);
  }

  private static Dim3 grid(Product product, int columns, RowGroups groups, int rows) {
    return Dim3.of(
        Math.toIntExact(Math.ceilDiv(product.columns(), columns)),
        Math.toIntExact(Math.ceilDiv(groups.rows(), rows)));
  }
}

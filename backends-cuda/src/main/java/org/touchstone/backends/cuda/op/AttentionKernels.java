package org.touchstone.backends.cuda.op;

import java.util.Optional;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Numerics;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.CudaQueue;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;

/**
 * The kernels that attend for one shape of heads: a tile on tensor cores where the spec accepts its
 * numerics, and plain arithmetic for everything else. Which of them makes a row depends on the
 * element types and the layout of the tensors only.
 *
 * <p>Keys of a paged cache are attended to in splits of {@link #SPLIT_KEYS}, whose states a third
 * kernel merges from the first to the last: a row's bits depend on no other sequence.
 */
final class AttentionKernels {
  /** Keys of a split; a multiple of every tile's. */
  static final long SPLIT_KEYS = 512;

  private static final int THREADS = 128;

  /** Scores of 1024 keys and the scratch of reductions. */
  private static final int STATIC_SHARED = 5 * 1024;

  /** Products, then the blocks of 128 of which each is one sum; rescaling, sink and factor. */
  private static final Chain PLAIN_CHAIN = Chain.blocked(1, 128, 4);

  /** Every fourth block ends a split: {@code K / 96 = K / 128 + 2 K / 768}, one less than that. */
  private static final Chain SPLIT_CHAIN = Chain.blocked(1, 96, 36);

  /** A running sum over all keys, or over those of a warp, which are added up at the end. */
  private static final Chain TILE_CHAIN = Chain.lanes(1, 8);

  /** A weight is a product of exponentials: its own, one of a later block, and the sink's. */
  private static final Ulps PLAIN_ULPS = new Ulps(4, 1, 0.5, 2, 2);

  /** The exponential is the device's approximate power of two of a rounded product. */
  private static final Ulps TILE_ULPS = new Ulps(8, 1, 0.5, 2, 2);

  private final Shape shape;
  private final Optional<AttentionTile> tile;
  private final Optional<CudaFunction> matrix;
  private final CudaFunction plain;
  private final Optional<CudaFunction> merge;

  AttentionKernels(Shape shape, Numerics accepted, CudaContext context) {
    this.shape = shape;
    tile = tile(shape, accepted, context);
    matrix = tile.map(some -> some.load(context));
    plain = context.function("attention", "ts_attention", shape.sharedBytes());
    merge =
        shape.paged()
            ? Optional.of(context.function("attention", "ts_attention_merge"))
            : Optional.empty();
  }

  /** Where keys lie. */
  enum Keys {
    /** One after the other. */
    CONTIGUOUS,
    /** In the pages of a cache. */
    PAGED,
    /** In the pages of a latent cache, whose tokens begin with the value. */
    PAGED_LATENT
  }

  /**
   * What does not change between launches.
   *
   * @param keys where keys lie
   * @param dtype element type of queries, keys and values; F32 when they differ
   * @param group query heads of a key head
   * @param queryDim elements of a query, both parts
   * @param valueDim elements of a value
   */
  record Shape(Keys keys, DType dtype, long group, long queryDim, long valueDim) {
    private boolean paged() {
      return keys != Keys.CONTIGUOUS;
    }

    /** Returns the bytes of dynamic shared memory of the plain kernel: a query and an output. */
    int sharedBytes() {
      return Math.toIntExact(Float.BYTES * (queryDim + valueDim));
    }

    private AttentionTile.Work work() {
      return switch (keys) {
        case CONTIGUOUS -> AttentionTile.Work.MANY_ROWS;
        case PAGED -> AttentionTile.Work.FEW_ROWS;
        case PAGED_LATENT -> AttentionTile.Work.LATENT;
      };
    }
  }

  /** Says why a shape does not run, if it does not. */
  static Optional<Reason> refusal(Shape shape, CudaContext context) {
    return shape.sharedBytes() <= context.sharedPerBlock() - STATIC_SHARED
        ? Optional.empty()
        : Optional.of(
            Reason.of(
                ReasonCode.HEAD_DIM,
                "a query and an output of "
                    + (shape.queryDim + shape.valueDim)
                    + " elements do not fit into a block's shared memory"));
  }

  private static Optional<AttentionTile> tile(Shape shape, Numerics accepted, CudaContext context) {
    return shape.dtype != DType.BF16 || accepted.refuse(tileTraits(context)).isPresent()
        ? Optional.empty()
        : AttentionTile.of(shape.work(), shape.group, shape.queryDim, shape.valueDim, context);
  }

  private static KernelTraits tileTraits(CudaContext context) {
    return Launches.traits(context)
        .with(TILE_CHAIN)
        .with(TILE_ULPS)
        .with(RoundPoints.probabilities(DType.BF16));
  }

  /** Returns what the kernels declare: the weaker of those that may serve. */
  static KernelTraits traits(Shape shape, Numerics accepted, CudaContext context) {
    return tile(shape, accepted, context).isPresent()
        ? tileTraits(context)
        : Launches.traits(context).with(shape.paged() ? SPLIT_CHAIN : PLAIN_CHAIN).with(PLAIN_ULPS);
  }

  /** Returns the name of what serves well-aligned tensors. */
  static String kernel(Shape shape, Numerics accepted, CudaContext context) {
    return tile(shape, accepted, context).map(AttentionTile::label).orElse("rows");
  }

  /** Returns the bytes that the states of splits take. */
  long stateBytes(long rows, long mostKeys) {
    long splits = splits(mostKeys);
    return splits == 1 ? 0 : rows * splits * (shape.valueDim + 2) * Float.BYTES;
  }

  /** Returns in how many splits at most so many keys are attended to. */
  long splits(long mostKeys) {
    return shape.paged() ? Math.max(1, Math.ceilDiv(mostKeys, SPLIT_KEYS)) : 1;
  }

  /** Enqueues a launch. */
  void run(BackendQueue queue, AttentionLaunch launch) {
    long rows = launch.rows();
    if (rows == 0) {
      return;
    }
    KernelParams params = new KernelParams();
    launch.describe(params);
    int splits = Math.toIntExact(launch.splits());
    if (tile.isPresent() && matrix.isPresent() && launch.movesInChunks()) {
      AttentionTile some = tile.get();
      Dim3 grid =
          new Dim3(
              Math.toIntExact(launch.tiles(some.rows())),
              Math.toIntExact(launch.kvHeads()),
              splits);
      CudaQueue.of(queue)
          .launch(matrix.get(), grid, Dim3.of(some.threads()), some.sharedBytes(), params);
    } else {
      Dim3 grid = Dim3.of(Math.toIntExact(rows), splits);
      CudaQueue.of(queue).launch(plain, grid, Dim3.of(THREADS), shape.sharedBytes(), params);
    }
    if (splits > 1) {
      params.i64(rows);
      int blocks = Math.toIntExact(Math.ceilDiv(rows, THREADS / Launches.WARP));
      CudaQueue.of(queue).launch(merge.orElseThrow(), Dim3.of(blocks), Dim3.of(THREADS), 0, params);
    }
  }
}

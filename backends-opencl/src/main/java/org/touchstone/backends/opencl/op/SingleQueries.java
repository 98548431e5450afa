package org.touchstone.backends.opencl.op;

import java.util.Optional;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.Launch;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;

/**
 * Decoding with one query per sequence on processors, {@code attention_decode.cl}: for heads of
 * whole vectors, caches of BF16 and pages that hold several keys. Thread-safe.
 */
final class SingleQueries implements AutoCloseable {
  private static final String RESOURCE = "attention_decode.cl";
  private static final int VECTOR = 16;

  /** Rows that are computed at once, as the kernel defines them. */
  private static final int TEAM = 4;

  /** Most rows per key head; with more of them the tiles of the other kernel pay. */
  private static final long MOST_ROWS = 16;

  /** Local memory for the heads of a group: beside a block of keys in a usual cache. */
  private static final long BUDGET = 96 << 10;

  private final OpenClKernel kernel;
  private final long kvHeads;
  private final long headsAtOnce;
  private final long bytes;

  private SingleQueries(OpenClKernel kernel, long kvHeads, long headsAtOnce, long bytes) {
    this.kernel = kernel;
    this.kvHeads = kvHeads;
    this.headsAtOnce = headsAtOnce;
    this.bytes = bytes;
  }

  /** Builds the kernel where it serves. */
  static Optional<SingleQueries> of(
      AttentionDecodePagedSpec spec, Attention.Shape shape, Target target) {
    long share = spec.heads() / spec.kvHeads();
    boolean serves =
        target.isCpu()
            && spec.cache() == DType.BF16
            && share <= MOST_ROWS
            && spec.headDim() % VECTOR == 0
            && spec.valueDim() % VECTOR == 0
            && spec.pageSize() >= VECTOR;
    long scores = (long) Float.BYTES * TEAM * AttentionTile.of(shape, target).keys();
    // Queries, sums of values, largest scores and sums of weights.
    long perHead =
        Float.BYTES * TEAM * Math.ceilDiv(share, TEAM) * (spec.headDim() + spec.valueDim() + 2);
    long budget = Math.min(BUDGET, target.facts().localBytes());
    if (!serves || scores + perHead > budget) {
      return Optional.empty();
    }
    long heads = Math.min(spec.kvHeads(), (budget - scores) / perHead);
    OpenClKernel kernel = target.kernel(RESOURCE, "attention_decode", Operands.option(target));
    return Optional.of(new SingleQueries(kernel, spec.kvHeads(), heads, scores + heads * perHead));
  }

  Launch launch() {
    return kernel.launch();
  }

  /** Enqueues a launch that has got the arguments of {@link Attention}. */
  void run(BackendQueue queue, Launch launch, long splits, long batch) {
    launch
        .i32(Math.toIntExact(headsAtOnce))
        .local(bytes)
        .run(
            queue,
            new long[] {1, Math.ceilDiv(kvHeads, headsAtOnce) * splits, batch},
            new long[] {1, 1, 1});
  }

  @Override
  public void close() {
    kernel.close();
  }
}

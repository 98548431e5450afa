package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.cpu.micro.AttentionTile;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * {@code mla_decode_absorbed} in three steps: queries into the latent space, attention of all heads
 * over the same cached rows, latent outputs into values. The workspace holds absorbed queries,
 * latent outputs and partial results of splits, all in FP32.
 */
final class MlaDecodeAbsorbedKernel implements Kernel<MlaDecodeAbsorbedArgs> {
  private final MlaDecodeAbsorbedSpec spec;
  private final MlaDims dims;
  private final Engine engine;
  private final PagedAttention attention;

  private MlaDecodeAbsorbedKernel(MlaDecodeAbsorbedSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
    dims = spec.dims();
    attention =
        new PagedAttention(
            HeadBlocks.of(dims.heads(), 1),
            dims.cachedDim(),
            dims.latentDim(),
            AttentionTile.Values.IN_KEYS,
            spec.mask(),
            spec.scale(),
            0,
            false);
  }

  static Plan<MlaDecodeAbsorbedArgs> plan(MlaDecodeAbsorbedSpec spec, Engine engine) {
    return Plan.runs(
        "absorbed-flash-split." + engine.kernels().name(),
        LatentWeights.traits(
            engine.kernels(), DType.F32, spec.dims().cachedDim(), spec.dims().latentDim()),
        new MlaDecodeAbsorbedKernel(spec, engine));
  }

  private long latentBytes(MlaDecodeAbsorbedArgs args) {
    return args.qNope().dim(0) * args.qNope().dim(1) * dims.heads() * rowBytes();
  }

  private long rowBytes() {
    return dims.latentDim() * Float.BYTES;
  }

  @Override
  public long workspaceBytes(MlaDecodeAbsorbedArgs args) {
    return 2 * latentBytes(args)
        + KeySplits.workspaceBytes(
            args.qNope().dim(0) * args.qNope().dim(1) * dims.heads(),
            args.blockTable().dim(1) * spec.pageSize(),
            dims.latentDim());
  }

  @Override
  public void launch(BackendQueue queue, MlaDecodeAbsorbedArgs args, DeviceMemory workspace) {
    Launch launch = new Launch(args, workspace.host().orElse(MemorySegment.NULL));
    launch.forHeads(launch::absorb);
    PageTable pages = new PageTable(args.blockTable(), args.seqLens(), spec.pageSize());
    attention.run(
        launch,
        args.qNope().dim(0),
        args.qNope().dim(1),
        pages,
        KeySplits.of(workspace, 2 * latentBytes(args), pages.capacity(), dims.latentDim()),
        engine);
    launch.forHeads(launch::expand);
  }

  /** Takes the queries {@code from .. to - 1} of all sequences, numbered through, and one head. */
  @FunctionalInterface
  private interface HeadTask {
    void run(long head, long from, int rows);
  }

  /** One launch. */
  private final class Launch implements PagedAttention.Tensors {
    private final long tokens;
    private final long queries;
    private final TokenRows qNope;
    private final TokenRows qRope;
    private final TokenRows cache;
    private final TokenRows o;
    private final @Nullable TokenRows lse;
    private final LatentWeights weights;
    private final MemorySegment memory;
    private final long outputs;

    Launch(MlaDecodeAbsorbedArgs args, MemorySegment memory) {
      queries = args.qNope().dim(1);
      tokens = args.qNope().dim(0) * queries;
      qNope = TokenRows.of(args.qNope());
      qRope = TokenRows.of(args.qRope());
      cache = TokenRows.ofLatentPages(args.kvCache());
      o = TokenRows.of(args.o());
      Tensor sums = args.lse();
      lse = sums == null ? null : TokenRows.ofScalars(sums);
      weights = new LatentWeights(args.wKvb(), dims, engine.kernels());
      this.memory = memory;
      outputs = latentBytes(args);
    }

    void forHeads(HeadTask body) {
      long blocks = Math.ceilDiv(tokens, AttentionTile.ROWS);
      long rows = Math.min(tokens, AttentionTile.ROWS);
      engine.forEach(
          dims.heads() * blocks,
          (rows + 2) * dims.nopeDim() * dims.latentDim() / AttentionMath.LANES,
          task -> {
            long first = task % blocks * AttentionTile.ROWS;
            body.run(task / blocks, first, (int) Math.min(AttentionTile.ROWS, tokens - first));
          });
    }

    private long row(long token, long head) {
      return (token * dims.heads() + head) * rowBytes();
    }

    void absorb(long head, long first, int rows) {
      weights.absorb(
          head,
          rows,
          qNope.memory(),
          qNope.dtype(),
          row -> qNope.offset((first + row) / queries, (first + row) % queries, head),
          memory,
          row(first, head),
          dims.heads() * rowBytes());
    }

    void expand(long head, long first, int rows) {
      int nope = Math.toIntExact(dims.nopeDim());
      int bytes = o.dtype().bits() / 8;
      weights.expand(
          head,
          nope,
          nope + Math.toIntExact(dims.valueDim()),
          rows,
          memory,
          DType.F32,
          row -> outputs + row(first + row, head),
          (row, start, count, from, at) ->
              engine
                  .kernels()
                  .store(
                      from,
                      at,
                      o.memory(),
                      o.offset((first + row) / queries, (first + row) % queries, head)
                          + (long) start * bytes,
                      o.dtype(),
                      count));
    }

    @Override
    public void query(AttentionTile tile, int row, long sequence, long query, long head) {
      int latent = Math.toIntExact(dims.latentDim());
      tile.query(row, 0, memory, row(sequence * queries + query, head), DType.F32, latent);
      tile.query(
          row,
          latent,
          qRope.memory(),
          qRope.offset(sequence, query, head),
          qRope.dtype(),
          qRope.count());
    }

    @Override
    public AttentionTile.Source keys(KeyRows.TokenOrder order, long keyHead) {
      return (tile, first, count, at) ->
          KeyRows.runs(
              order,
              first,
              count,
              at,
              (row, run, to) ->
                  tile.keys(
                      to,
                      run,
                      0,
                      cache.memory(),
                      cache.offset(0, row, 0),
                      cache.tokenPitch(),
                      cache.dtype(),
                      cache.count()));
    }

    @Override
    public void finish(AttentionTile tile, int row, long sequence, long query, long head) {
      if (lse != null) {
        lse.set(sequence, query, head, tile.logSumExp(row));
      }
      long at = outputs + row(sequence * queries + query, head);
      tile.output(row, Float.NEGATIVE_INFINITY, memory, at, DType.F32);
    }
  }
}

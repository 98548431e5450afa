package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillArgs;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.backends.cpu.micro.AttentionTile;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * {@code mla_prefill}: expands keys and values of as many heads as a bounded workspace holds, in
 * FP32, attends, and goes on with the next heads.
 */
final class MlaPrefillKernel implements Kernel<MlaPrefillArgs> {
  /** Bytes of expanded keys and values, unless one head needs more. */
  private static final long WORKSPACE = 64L << 20;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MlaPrefillSpec spec;
  private final MlaDims dims;
  private final Engine engine;
  private final int nope;
  private final int expandedDim;
  private final long depth;

  private MlaPrefillKernel(MlaPrefillSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
    dims = spec.dims();
    nope = Math.toIntExact(dims.nopeDim());
    expandedDim = Math.toIntExact(dims.nopeDim() + dims.valueDim());
    depth = dims.nopeDim() + dims.ropeDim();
  }

  static Plan<MlaPrefillArgs> plan(MlaPrefillSpec spec, Engine engine) {
    MlaDims dims = spec.dims();
    return Plan.runs(
        "expanded-flash." + engine.kernels().name(),
        LatentWeights.traits(
            engine.kernels(), spec.weight(), dims.nopeDim() + dims.ropeDim(), dims.latentDim()),
        new MlaPrefillKernel(spec, engine));
  }

  private long headBytes(MlaPrefillArgs args) {
    return args.latent().dim(0) * expandedDim * Float.BYTES;
  }

  private long headsAtOnce(MlaPrefillArgs args) {
    return Math.clamp(WORKSPACE / Math.max(1, headBytes(args)), 1, dims.heads());
  }

  @Override
  public long workspaceBytes(MlaPrefillArgs args) {
    return headsAtOnce(args) * headBytes(args);
  }

  @Override
  public void launch(BackendQueue queue, MlaPrefillArgs args, DeviceMemory workspace) {
    Launch launch = new Launch(args, workspace.host().orElse(MemorySegment.NULL));
    long atOnce = headsAtOnce(args);
    for (long head = 0; head < dims.heads(); head += atOnce) {
      launch.run(head, Math.min(atOnce, dims.heads() - head));
    }
  }

  /** One launch. */
  private final class Launch {
    private final long tokens;
    private final long keys;
    private final TokenRows qNope;
    private final TokenRows qRope;
    private final TokenRows latent;
    private final TokenRows keyRope;
    private final AttentionOutputs outputs;
    private final Sequences sequences;
    private final LatentWeights weights;
    private final MemorySegment expanded;

    Launch(MlaPrefillArgs args, MemorySegment expanded) {
      tokens = args.qNope().dim(0);
      keys = args.latent().dim(0);
      qNope = TokenRows.of(args.qNope());
      qRope = TokenRows.of(args.qRope());
      latent = TokenRows.withoutHeads(args.latent());
      keyRope = TokenRows.withoutHeads(args.keyRope());
      outputs = new AttentionOutputs(args.o(), args.lse(), null);
      sequences = Sequences.packed(args.cuSeqlensQ(), args.cuSeqlensK());
      weights = new LatentWeights(args.wKvb(), dims, engine.kernels());
      this.expanded = expanded;
    }

    void run(long firstHead, long heads) {
      long keyBlocks = Math.ceilDiv(keys, AttentionTile.ROWS);
      long rows = Math.min(keys, AttentionTile.ROWS);
      engine.forEach(
          heads * keyBlocks,
          rows * expandedDim * dims.latentDim() / AttentionMath.LANES,
          task -> expand(firstHead, task / keyBlocks, task % keyBlocks * AttentionTile.ROWS));
      long tokenBlocks = Math.ceilDiv(tokens, AttentionTile.ROWS);
      engine.forEach(
          heads * tokenBlocks,
          rows * keys * (depth + dims.valueDim()) / AttentionMath.LANES,
          task ->
              attend(
                  firstHead, task % heads, (tokenBlocks - 1 - task / heads) * AttentionTile.ROWS));
    }

    private long at(long slot, long token) {
      return (slot * keys + token) * expandedDim * Float.BYTES;
    }

    private void expand(long firstHead, long slot, long token) {
      weights.expand(
          firstHead + slot,
          0,
          expandedDim,
          (int) Math.min(AttentionTile.ROWS, keys - token),
          latent.memory(),
          latent.dtype(),
          row -> latent.offset(0, token + row, 0),
          (row, first, count, from, at) ->
              MemorySegment.copy(
                  from,
                  at,
                  expanded,
                  FLOAT,
                  at(slot, token + row) + (long) first * Float.BYTES,
                  count));
    }

    private void attend(long firstHead, long slot, long firstToken) {
      long head = firstHead + slot;
      AttentionTile tile =
          engine.kernels().attentionTile(depth, dims.valueDim(), AttentionTile.Values.SEPARATE);
      sequences.visit(
          firstToken,
          Math.min(tokens, firstToken + AttentionTile.ROWS),
          (sequence, firstQuery, firstKey, from, to, queries, sequenceKeys) -> {
            tile.clear();
            for (long i = from; i < to; i++) {
              int row = tile.add(spec.mask(), sequenceKeys - queries + i, sequenceKeys);
              qNope.give(tile, row, 0, 0, firstQuery + i, head);
              qRope.give(tile, row, nope, 0, firstQuery + i, head);
            }
            tile.attend(source(slot, firstKey), 0, sequenceKeys, spec.scale(), 0);
            for (long i = from; i < to; i++) {
              outputs.finish(tile, (int) (i - from), 0, firstQuery + i, head);
            }
          });
    }

    private AttentionTile.Source source(long slot, long firstKey) {
      long pitch = (long) expandedDim * Float.BYTES;
      return (tile, first, count, at) -> {
        long token = firstKey + first;
        long from = at(slot, token);
        tile.keys(at, count, 0, expanded, from, pitch, DType.F32, nope);
        tile.keys(
            at,
            count,
            nope,
            keyRope.memory(),
            keyRope.offset(0, token, 0),
            keyRope.tokenPitch(),
            keyRope.dtype(),
            keyRope.count());
        tile.values(at, count, expanded, from + (long) nope * Float.BYTES, pitch, DType.F32);
      };
    }
  }
}

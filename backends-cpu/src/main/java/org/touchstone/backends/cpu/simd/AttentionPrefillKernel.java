package org.touchstone.backends.cpu.simd;

import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionPrefillArgs;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.backends.cpu.micro.AttentionTile;
import org.touchstone.backends.spi.Plan;

/**
 * {@code attention_prefill}: a task takes a few tokens and the query heads of one key head, so that
 * a key that was read serves all of them.
 */
final class AttentionPrefillKernel {
  private final AttentionPrefillSpec spec;
  private final Engine engine;
  private final HeadBlocks blocks;

  private AttentionPrefillKernel(AttentionPrefillSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
    blocks = HeadBlocks.of(spec.heads(), spec.kvHeads());
  }

  static Plan<AttentionPrefillArgs> plan(AttentionPrefillSpec spec, Engine engine) {
    AttentionPrefillKernel kernel = new AttentionPrefillKernel(spec, engine);
    return Plan.runs(
        "flash." + engine.kernels().name(),
        engine.kernels().attentionTraits(spec.headDim()),
        (queue, args, workspace) -> kernel.launch(args));
  }

  private void launch(AttentionPrefillArgs args) {
    Tensor cuSeqlensQ = args.cuSeqlensQ();
    Tensor cuSeqlensK = args.cuSeqlensK();
    boolean packed = cuSeqlensQ != null && cuSeqlensK != null;
    Tensor q = args.q();
    Sequences sequences =
        cuSeqlensQ != null && cuSeqlensK != null
            ? Sequences.packed(cuSeqlensQ, cuSeqlensK)
            : Sequences.padded(q.dim(1), args.k().dim(1));
    long tokens = packed ? q.dim(0) : q.dim(0) * q.dim(1);
    long keys = packed ? args.k().dim(0) : args.k().dim(1);
    Launch launch = new Launch(args, sequences);
    long tokenBlocks = Math.ceilDiv(tokens, blocks.tokens());
    long cost = AttentionTile.ROWS * Math.max(1, keys) * (spec.headDim() + spec.valueDim()) / 8 + 1;
    // The last tokens see the most keys: they come first, so that no thread ends with a long task.
    engine.forEach(
        tokenBlocks * blocks.count(),
        cost,
        task -> {
          long first = (tokenBlocks - 1 - task / blocks.count()) * blocks.tokens();
          launch.run(first, Math.min(tokens, first + blocks.tokens()), task % blocks.count());
        });
  }

  /** One launch. */
  private final class Launch {
    private final Sequences sequences;
    private final TokenRows q;
    private final TokenRows k;
    private final TokenRows v;
    private final AttentionOutputs outputs;

    Launch(AttentionPrefillArgs args, Sequences sequences) {
      this.sequences = sequences;
      q = TokenRows.of(args.q());
      k = TokenRows.of(args.k());
      v = TokenRows.of(args.v());
      outputs = new AttentionOutputs(args.o(), args.lse(), args.sinks());
    }

    void run(long fromToken, long toToken, long block) {
      AttentionTile tile =
          engine
              .kernels()
              .attentionTile(spec.headDim(), spec.valueDim(), AttentionTile.Values.SEPARATE);
      sequences.visit(
          fromToken,
          toToken,
          (sequence, firstQuery, firstKey, from, to, queries, keys) -> {
            tile.clear();
            blocks.forEachRow(
                from,
                to,
                block,
                (row, i, h) -> {
                  tile.add(spec.mask(), keys - queries + i, keys);
                  q.give(tile, row, 0, sequence, firstQuery + i, h);
                });
            KeyRows source =
                new KeyRows(k, v, KeyRows.from(firstKey), sequence, blocks.keyHead(block));
            tile.attend(source, 0, keys, spec.scale(), spec.softcap());
            blocks.forEachRow(
                from,
                to,
                block,
                (row, i, h) -> outputs.finish(tile, row, sequence, firstQuery + i, h));
          });
    }
  }
}

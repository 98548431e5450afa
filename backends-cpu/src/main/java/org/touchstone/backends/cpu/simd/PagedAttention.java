package org.touchstone.backends.cpu.simd;

import org.touchstone.api.op.AttentionMask;
import org.touchstone.backends.cpu.micro.AttentionTile;

/**
 * Attention of a few queries per sequence over a paged cache. A task takes the query heads of one
 * key head, or of several if the tile joins them, over one split of the keys; partial results of
 * several splits are merged in the order of the keys.
 *
 * @param heads the query heads
 * @param depth elements of a query and a key
 * @param valueDim elements of a value
 * @param values where the values of a block of keys lie
 * @param mask visible keys
 * @param scale multiplier of the dot products
 * @param softcap c, or 0 for none
 * @param joining whether tiles join key heads
 */
record PagedAttention(
    HeadBlocks heads,
    long depth,
    long valueDim,
    AttentionTile.Values values,
    AttentionMask mask,
    float scale,
    float softcap,
    boolean joining) {
  /** Tasks that a thread gets at least, if there are key heads enough. */
  private static final long TASKS = 2;

  /** The tensors of a launch. */
  interface Tensors {
    /** Writes the query of a token and head to a row of a tile. */
    void query(AttentionTile tile, int row, long sequence, long query, long head);

    /** Returns the keys and values of a sequence and key head. */
    AttentionTile.Source keys(KeyRows.TokenOrder order, long keyHead);

    /** Makes a tile one of several key heads. */
    default void join(AttentionTile tile, int keyHeads) {
      throw new UnsupportedOperationException("key heads are not joined");
    }

    /** Takes the row of a token and head, which is not normalised yet. */
    void finish(AttentionTile tile, int row, long sequence, long query, long head);
  }

  /** Attends for all queries. */
  void run(
      Tensors tensors,
      long sequences,
      long queries,
      PageTable pages,
      KeySplits splits,
      Engine engine) {
    long alone = Math.max(1, sequences * splits.most());
    HeadBlocks blocks =
        joining ? heads.join(Math.ceilDiv(TASKS * engine.threads().count(), alone)) : heads;
    new Launch(tensors, blocks, queries, pages, splits, engine).run(sequences);
  }

  /** One launch. */
  private final class Launch {
    private final Tensors tensors;
    private final HeadBlocks blocks;
    private final long queries;
    private final PageTable pages;
    private final KeySplits splits;
    private final Engine engine;
    private final long queryBlocks;

    /** Chosen by the heads alone, so that a query's bits do not depend on the queries beside it. */
    private final AttentionTile.Sharing sharing = AttentionTile.Sharing.of(heads.perBlock());

    Launch(
        Tensors tensors,
        HeadBlocks blocks,
        long queries,
        PageTable pages,
        KeySplits splits,
        Engine engine) {
      this.tensors = tensors;
      this.blocks = blocks;
      this.queries = queries;
      this.pages = pages;
      this.splits = splits;
      this.engine = engine;
      queryBlocks = Math.ceilDiv(queries, blocks.tokens());
    }

    void run(long sequences) {
      long perSequence = queryBlocks * blocks.count() * splits.most();
      long keys = Math.min(pages.capacity(), splits.longest());
      long rows = Math.min(queries, blocks.tokens()) * blocks.perBlock() * blocks.joined();
      engine.forEach(
          sequences * perSequence,
          (rows + 4) * keys * (depth + valueDim) / AttentionMath.LANES,
          task -> attend(task / perSequence, task % perSequence));
      if (splits.most() > 1) {
        engine.forEach(sequences * queries * blocks.all(), splits.most() * valueDim, this::merge);
      }
    }

    private void attend(long sequence, long task) {
      // Key heads of a split follow each other: their rows lie side by side in the cache.
      long split = task / blocks.count() % splits.most();
      long keys = pages.length(sequence);
      int count = splits.count(keys);
      if (split >= count) {
        return;
      }
      long block = task % blocks.count();
      long from = task / splits.most() / blocks.count() * blocks.tokens();
      long to = Math.min(queries, from + blocks.tokens());
      AttentionTile tile = engine.kernels().attentionTile(depth, valueDim, values, sharing);
      if (joining) {
        tensors.join(tile, blocks.keyHeads(block));
      }
      blocks.forEachRow(
          from,
          to,
          block,
          (row, i, h) -> {
            tile.add(mask, keys - queries + i, keys);
            tensors.query(tile, row, sequence, i, h);
          });
      tile.attend(
          tensors.keys(pages.of(sequence), blocks.keyHead(block)),
          splits.first(keys, split),
          splits.first(keys, split + 1),
          scale,
          softcap);
      blocks.forEachRow(
          from,
          to,
          block,
          (row, i, h) -> {
            if (count == 1) {
              tensors.finish(tile, row, sequence, i, h);
            } else {
              splits.store(tile, row, (sequence * queries + i) * blocks.all() + h, split);
            }
          });
    }

    private void merge(long row) {
      long token = row / heads.all();
      int count = splits.count(pages.length(token / queries));
      if (count > 1) {
        AttentionTile tile = splits.merge(row, count, engine);
        tensors.finish(tile, 0, token / queries, token % queries, row % heads.all());
      }
    }
  }
}

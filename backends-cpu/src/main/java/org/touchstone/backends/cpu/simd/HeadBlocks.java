package org.touchstone.backends.cpu.simd;

import org.touchstone.backends.cpu.micro.AttentionTile;

/**
 * Cuts query heads into blocks that fit a tile: of one key head, or of several whole ones.
 *
 * @param kvHeads key heads
 * @param group query heads per key head
 * @param perBlock query heads of a key head per block, the last of a group may have fewer
 * @param perGroup blocks per key head
 * @param joined key heads of a block, the last block may have fewer; 1 where {@code perGroup} is
 *     not
 */
record HeadBlocks(long kvHeads, long group, long perBlock, long perGroup, long joined) {
  /** Cuts the heads of a spec. */
  static HeadBlocks of(long heads, long kvHeads) {
    long group = heads / kvHeads;
    long perBlock = Math.min(group, AttentionTile.ROWS);
    long perGroup = Math.ceilDiv(group, perBlock);
    return new HeadBlocks(kvHeads, group, perBlock, perGroup, 1);
  }

  /** Returns blocks of as many key heads as fit a tile, but at least {@code least} blocks. */
  HeadBlocks join(long least) {
    long most = Math.min(AttentionTile.ROWS / group, kvHeads / least);
    return perGroup > 1 || most < 2
        ? this
        : new HeadBlocks(kvHeads, group, perBlock, perGroup, most);
  }

  /** Returns the number of blocks. */
  long count() {
    return Math.ceilDiv(kvHeads, joined) * perGroup;
  }

  /** Returns the number of query heads. */
  long all() {
    return kvHeads * group;
  }

  /** Returns how many tokens fit a tile with the heads of a block. */
  long tokens() {
    return AttentionTile.ROWS / (perBlock * joined);
  }

  /** Returns the first key head of a block. */
  long keyHead(long block) {
    return block / perGroup * joined;
  }

  /** Returns the key heads of a block. */
  int keyHeads(long block) {
    return (int) Math.min(joined, kvHeads - keyHead(block));
  }

  /** Returns the first query head of a block. */
  long first(long block) {
    return keyHead(block) * group + block % perGroup * perBlock;
  }

  /** Returns the end of the query heads of a block. */
  long end(long block) {
    return Math.min((keyHead(block) + 1) * group, first(block) + perBlock);
  }

  /** Takes a token and a query head. */
  @FunctionalInterface
  interface RowVisitor {
    /** Takes the row of a tile that token i and head h have. */
    void visit(int row, long i, long h);
  }

  /**
   * Visits the rows of a tile: for each key head of a block the tokens {@code from .. to - 1}, for
   * each of them the query heads.
   */
  void forEachRow(long from, long to, long block, RowVisitor visitor) {
    int row = 0;
    for (long k = 0; k < keyHeads(block); k++) {
      for (long i = from; i < to; i++) {
        for (long h = first(block); h < end(block); h++) {
          visitor.visit(row++, i, k * group + h);
        }
      }
    }
  }
}

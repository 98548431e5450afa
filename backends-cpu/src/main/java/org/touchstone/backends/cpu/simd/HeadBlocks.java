package org.touchstone.backends.cpu.simd;

import org.touchstone.backends.cpu.micro.AttentionTile;

/**
 * Cuts query heads into blocks that share a key head and fit a tile.
 *
 * @param group query heads per key head
 * @param perBlock query heads per block, the last of a group may have fewer
 * @param perGroup blocks per key head
 * @param count blocks of all key heads
 */
record HeadBlocks(long group, long perBlock, long perGroup, long count) {
  /** Cuts the heads of a spec. */
  static HeadBlocks of(long heads, long kvHeads) {
    long group = heads / kvHeads;
    long perBlock = Math.min(group, AttentionTile.ROWS);
    long perGroup = Math.ceilDiv(group, perBlock);
    return new HeadBlocks(group, perBlock, perGroup, kvHeads * perGroup);
  }

  /** Returns the number of query heads. */
  long all() {
    return count / perGroup * group;
  }

  /** Returns how many tokens fit a tile with the heads of a block. */
  long tokens() {
    return AttentionTile.ROWS / perBlock;
  }

  /** Returns the key head of a block. */
  long keyHead(long block) {
    return block / perGroup;
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

  /** Visits the rows of a tile: tokens {@code from .. to - 1}, for each the heads of a block. */
  void forEachRow(long from, long to, long block, RowVisitor visitor) {
    int row = 0;
    for (long i = from; i < to; i++) {
      for (long h = first(block); h < end(block); h++) {
        visitor.visit(row++, i, h);
      }
    }
  }
}

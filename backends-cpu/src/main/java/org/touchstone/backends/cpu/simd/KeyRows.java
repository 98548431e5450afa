package org.touchstone.backends.cpu.simd;

/** The keys of one sequence and head: where each lies, and how it gets into a tile. */
final class KeyRows implements AttentionTile.Source {
  private final TokenRows keys;
  private final TokenRows values;
  private final TokenOrder order;
  private final long sequence;
  private final long head;

  /** Says which token row holds a key of the sequence. */
  @FunctionalInterface
  interface TokenOrder {
    /** Returns the token row of key {@code j}. */
    long row(long j);
  }

  KeyRows(TokenRows keys, TokenRows values, TokenOrder order, long sequence, long head) {
    this.keys = keys;
    this.values = values;
    this.order = order;
    this.sequence = sequence;
    this.head = head;
  }

  @Override
  public void load(AttentionTile tile, int first, int count, int at) {
    for (int i = 0; i < count; i++) {
      long row = order.row(first + i);
      keys.load(sequence, row, head, tile.k, (at + i) * tile.depth());
      values.load(sequence, row, head, tile.v, (at + i) * tile.valueStride());
    }
  }
}

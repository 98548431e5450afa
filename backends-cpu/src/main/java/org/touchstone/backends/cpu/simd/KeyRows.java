package org.touchstone.backends.cpu.simd;

import org.touchstone.backends.cpu.micro.AttentionTile;

/** The keys of one sequence and head: where each lies, and how it gets into a tile. */
final class KeyRows implements AttentionTile.Source {
  private final TokenRows keys;
  private final TokenRows values;
  private final TokenOrder order;
  private final long sequence;
  private final long head;

  /** Says which token row holds a key of the sequence. */
  interface TokenOrder {
    /** Returns the token row of key {@code j}. */
    long row(long j);

    /**
     * Returns how many keys from {@code j} on lie in consecutive token rows, {@code j} included.
     */
    long run(long j);
  }

  /** Takes the rows of a run of keys. */
  @FunctionalInterface
  interface RunVisitor {
    /**
     * Takes {@code count} token rows from {@code row} on, whose keys belong to the rows of a block
     * from {@code at} on.
     */
    void run(long row, int count, int at);
  }

  /** Visits the runs of keys {@code first .. first + count - 1}. */
  static void runs(TokenOrder order, int first, int count, int at, RunVisitor visitor) {
    for (int i = 0; i < count; ) {
      int run = (int) Math.min(count - i, order.run(first + i));
      visitor.run(order.row(first + i), run, at + i);
      i += run;
    }
  }

  /** Keys one after the other from a token row on. */
  static TokenOrder from(long firstRow) {
    return new TokenOrder() {
      @Override
      public long row(long j) {
        return firstRow + j;
      }

      @Override
      public long run(long j) {
        return Integer.MAX_VALUE;
      }
    };
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
    runs(
        order,
        first,
        count,
        at,
        (row, run, to) -> {
          tile.keys(
              to,
              run,
              0,
              keys.memory(),
              keys.offset(sequence, row, head),
              keys.tokenPitch(),
              keys.dtype(),
              keys.count());
          tile.values(
              to,
              run,
              values.memory(),
              values.offset(sequence, row, head),
              values.tokenPitch(),
              values.dtype());
        });
  }
}

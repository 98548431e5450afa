package org.touchstone.tools.model.inference;

/**
 * The shape of a batch; programs are recorded per shape.
 *
 * @param tokens new tokens of all sequences together
 * @param sequences sequences
 * @param attention what the new tokens attend to
 * @param logits which rows get logits
 * @param pages entries of each sequence's block table; 0 without a cache
 */
record Batch(int tokens, int sequences, Attending attention, Rows logits, int pages) {
  /** What the new tokens attend to. */
  enum Attending {
    /** To each other: every sequence starts at position 0. Nothing is cached. */
    BATCH,
    /**
     * To each other: the sequence starts at position 0. Keys and values are written to the cache.
     */
    BATCH_CACHED,
    /**
     * To the cache, which holds earlier tokens and gets the new ones; equally many per sequence.
     */
    CACHE
  }

  /** Which rows get logits. */
  enum Rows {
    /** Every row. */
    ALL,
    /** The last row. */
    LAST
  }

  /** Returns the new tokens of each sequence when they are equally many. */
  int tokensPerSequence() {
    return tokens / sequences;
  }

  /** Returns whether keys and values are written to the cache. */
  boolean cached() {
    return attention != Attending.BATCH;
  }
}

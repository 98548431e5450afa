package org.touchstone.api;

import java.io.Serializable;

/**
 * Declares the longest chain of FP32 additions that one term of a dot product passes through.
 *
 * <p>A kernel that keeps {@code lanes} independent partial sums within blocks of {@code block}
 * terms, adds the blocks one after the other and finishes with {@code extra} additions has {@code
 * chain(K) = ceil(min(K, block) / lanes) + ceil(K / block) + extra} (the middle term only when
 * there is more than one block).
 *
 * @param lanes independent partial sums, at least 1
 * @param block terms per block; {@link Long#MAX_VALUE} when there are no blocks
 * @param extra additions of the final reduction
 */
public record Chain(long lanes, long block, long extra) implements Serializable {
  /** One running sum from the first term to the last. */
  public static final Chain SEQUENTIAL = new Chain(1, Long.MAX_VALUE, 0);

  /** Checks the ranges. */
  public Chain {
    if (lanes < 1 || block < 1 || extra < 0) {
      throw new HalException(
          ErrorCode.INVALID_SPEC,
          "chain(lanes "
              + lanes
              + ", block "
              + block
              + ", extra "
              + extra
              + ") needs lanes and block >= 1, extra >= 0");
    }
  }

  /** Declares {@code lanes} partial sums over all terms, then {@code extra} additions. */
  public static Chain lanes(long lanes, long extra) {
    return new Chain(lanes, Long.MAX_VALUE, extra);
  }

  /**
   * Declares {@code lanes} partial sums within each block, blocks added in sequence, then {@code
   * extra} additions.
   */
  public static Chain blocked(long lanes, long block, long extra) {
    return new Chain(lanes, block, extra);
  }

  /** Returns the longest chain for a dot product of {@code terms} terms. */
  public long length(long terms) {
    if (terms <= 0) {
      return 0;
    }
    long inBlock = Math.ceilDiv(Math.min(terms, block), lanes);
    long blocks = Math.ceilDiv(terms, block);
    return inBlock + (blocks > 1 ? blocks : 0) + extra;
  }
}

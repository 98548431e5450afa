package org.touchstone.backends.cuda.sim.memory;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Who accesses memory: a warp, with what it knows of the other warps' progress.
 *
 * <p>A warp's epoch grows whenever it arrives at a barrier; {@code known[v]} is the last epoch of
 * warp v of its block that happened before now. Between blocks, order comes from fences and atomics
 * ({@link BlockClock}), between launches from streams ({@link LaunchOrder}).
 */
public final class Actor {
  final int warp;
  final int[] known;
  BlockClock block;
  int epoch;
  private int firstEpoch;

  /** This warp's record in {@link SharedShadow} of having read all of a word now. */
  long wordRead;

  /** The bits of a reader record that {@link #wordRead} is compared with. */
  final long wordReadMask;

  /** This warp's record in {@link GlobalShadow}, without bytes. */
  long globalRecord;

  /** Creates the actor of a warp in a block of so many warps. */
  public Actor(int warp, int warps, BlockClock block) {
    this.warp = warp;
    this.known = new int[warps];
    this.block = block;
    this.wordReadMask = 1L << (32 + warp) | 0xffffffffL;
  }

  private void advanced() {
    wordRead = 1L << (32 + warp) | (long) (epoch & 0xfffffff) << 4 | 0xf;
    globalRecord = GlobalShadow.record(this);
  }

  /** Begins another block: all that happened before is known. */
  public void begin(int base) {
    Arrays.fill(known, base - 1);
    known[warp] = base;
    epoch = base;
    firstEpoch = base;
    advanced();
  }

  /** Returns the current epoch. */
  public int epoch() {
    return epoch;
  }

  int relativeEpoch() {
    return Math.min(epoch - firstEpoch, GlobalShadow.MAX_EPOCH);
  }

  /** Merges what this warp knows into a clock, then begins a new epoch. */
  public void release(int[] clock) {
    for (int v = 0; v < known.length; v++) {
      clock[v] = Math.max(clock[v], known[v]);
    }
    epoch++;
    known[warp] = epoch;
    advanced();
  }

  /** Learns what a clock holds. */
  public void acquire(int[] clock) {
    for (int v = 0; v < known.length; v++) {
      known[v] = Math.max(known[v], clock[v]);
    }
    known[warp] = epoch;
  }

  boolean knows(int other, int otherEpoch) {
    return known[other] >= otherEpoch;
  }

  boolean knowsRelative(int other, int relative) {
    return known[other] - firstEpoch >= relative;
  }

  /** Returns this warp's knowledge in epochs since the block began. */
  int[] relativeClock() {
    int[] clock = new int[known.length];
    for (int v = 0; v < clock.length; v++) {
      clock[v] = Math.min(known[v] - firstEpoch, GlobalShadow.MAX_EPOCH);
    }
    return clock;
  }

  /** Sets the clock of the block that the warp belongs to from now on. */
  public void block(BlockClock clock) {
    block = clock;
    advanced();
  }

  /** Returns the block's clock. */
  public BlockClock block() {
    return block;
  }

  /** Returns the order between launches, or null where there is one launch only. */
  @Nullable LaunchOrder order() {
    return block.order;
  }
}

package org.touchstone.backends.cuda.sim.exec;

/** Chooses which warp of a block runs next, and for how long. */
final class Order {
  private static final int QUANTUM = 20_000;

  private final Schedule schedule;
  private int runnable;
  private int alive;
  private int last;
  private long state;

  Order(Schedule schedule) {
    this.schedule = schedule;
  }

  /** Begins the block with the linear index: the same choices whichever thread runs it. */
  void begin(int linear) {
    state = schedule.seed() * 0x9E3779B97F4A7C15L + linear;
    last = -1;
    runnable = -1;
    alive = -1;
  }

  private int random(int bound) {
    // SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA
    // 2014.
    state += 0x9E3779B97F4A7C15L;
    long v = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
    v = (v ^ (v >>> 27)) * 0x94D049BB133111EBL;
    return (int) Math.floorMod(v ^ (v >>> 31), (long) bound);
  }

  /** Returns a warp that can go on, or −1. */
  int next(Block block) {
    int all = block.warpCount();
    int mask = all == 32 ? -1 : (1 << all) - 1;
    runnable &= mask;
    alive &= mask;
    if (runnable == 0) {
      return -1;
    }
    if (schedule.adversarial()) {
      int skip = random(Integer.bitCount(runnable));
      int m = runnable;
      while (skip-- > 0) {
        m &= m - 1;
      }
      return Integer.numberOfTrailingZeros(m);
    }
    int after = last == 31 ? 0 : runnable & (-1 << (last + 1));
    last = Integer.numberOfTrailingZeros(after != 0 ? after : runnable);
    return last;
  }

  int quantum() {
    // Mostly long runs, some of a few instructions: both find mistakes that the other misses.
    return schedule.adversarial() ? 1 << random(12) : QUANTUM;
  }

  boolean early() {
    return schedule.adversarial() && random(2) == 0;
  }

  int lane() {
    return schedule.adversarial() ? random(32) : 0;
  }

  void block(int warp) {
    runnable &= ~(1 << warp);
  }

  void resume(int warp) {
    runnable |= 1 << warp;
  }

  void done(int warp) {
    runnable &= ~(1 << warp);
    alive &= ~(1 << warp);
  }

  /** Returns the number of warps that have not ended. */
  int alive() {
    return Integer.bitCount(alive);
  }

  int firstBlocked() {
    int blocked = alive & ~runnable;
    return blocked == 0 ? -1 : Integer.numberOfTrailingZeros(blocked);
  }
}

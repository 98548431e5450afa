package org.touchstone.backends.cuda.sim.exec;

/**
 * The lanes of a warp by where they are: those that run now, those that wait to be run, and those
 * parked at an instruction that needs lanes which are elsewhere.
 *
 * <p>The group with the lowest program counter runs first and merges with others that it reaches,
 * which makes structured code reconverge where compilers put the join.
 */
final class LaneGroups {
  int pc;
  int active;

  /** Sorted by descending program counter: the lowest is last. */
  private final int[] pcs = new int[33];

  private final int[] masks = new int[33];
  private int pending;
  private final int[] parkedPcs = new int[33];
  private final int[] parkedMasks = new int[33];
  private int parked;

  /** Instructions for which the running group need not give way to those below it. */
  private int grace;

  void begin(int lanes) {
    pc = 0;
    active = lanes;
    pending = 0;
    parked = 0;
    grace = 0;
  }

  boolean alone() {
    return pending == 0;
  }

  void push(int at, int mask) {
    int i = pending++;
    while (i > 0 && pcs[i - 1] < at) {
      pcs[i] = pcs[i - 1];
      masks[i] = masks[i - 1];
      i--;
    }
    pcs[i] = at;
    masks[i] = mask;
    if (i > 0 && pcs[i - 1] == at) {
      masks[i - 1] |= mask;
      pending--;
      for (int j = i; j < pending; j++) {
        pcs[j] = pcs[j + 1];
        masks[j] = masks[j + 1];
      }
    }
  }

  /** Merges with, or gives way to, the waiting group with the lowest program counter. */
  void lowestFirst() {
    if (grace > 0) {
      grace--;
      return;
    }
    while (pending > 0 && pcs[pending - 1] <= pc) {
      int mask = masks[--pending];
      if (pcs[pending] == pc) {
        active |= mask;
      } else {
        int at = pcs[pending];
        push(pc, active);
        pc = at;
        active = mask;
      }
    }
  }

  /**
   * Runs the group with the highest program counter for a while, so that lanes which spin let
   * others go on.
   */
  void rotate() {
    if (pending > 0) {
      grace = 256;
      int at = pcs[0];
      int mask = masks[0];
      System.arraycopy(pcs, 1, pcs, 0, pending - 1);
      System.arraycopy(masks, 1, masks, 0, pending - 1);
      pending--;
      push(pc, active);
      pc = at;
      active = mask;
    }
  }

  /** Goes on with another group after the running one ended; false if none is left. */
  boolean next() {
    if (pending == 0) {
      for (int i = 0; i < parked; i++) {
        push(parkedPcs[i], parkedMasks[i]);
      }
      parked = 0;
    }
    if (pending == 0) {
      return false;
    }
    pending--;
    pc = pcs[pending];
    active = masks[pending];
    return true;
  }

  /** Returns the lowest program counter below the current one at which lanes are parked, or −1. */
  int lowestParked() {
    int lowest = pc;
    for (int i = 0; i < parked; i++) {
      lowest = Math.min(lowest, parkedPcs[i]);
    }
    return lowest < pc ? lowest : -1;
  }

  /** Returns the lanes that are parked there. */
  int parkedAt(int at) {
    int mask = 0;
    for (int i = 0; i < parked; i++) {
      mask |= parkedPcs[i] == at ? parkedMasks[i] : 0;
    }
    return mask;
  }

  /** Merges lanes that were parked at the current instruction; false if there are none. */
  boolean mergeParked() {
    for (int i = 0; i < parked; i++) {
      if (parkedPcs[i] == pc) {
        active |= parkedMasks[i];
        parked--;
        parkedPcs[i] = parkedPcs[parked];
        parkedMasks[i] = parkedMasks[parked];
        return true;
      }
    }
    return false;
  }

  /** Parks the running group and goes on with another; false if no other can run. */
  boolean park() {
    if (pending == 0) {
      return false;
    }
    parkedPcs[parked] = pc;
    parkedMasks[parked++] = active;
    pending--;
    pc = pcs[pending];
    active = masks[pending];
    return true;
  }
}

package org.touchstone.conformance.cases;

/** How much is tested; a level includes the lower ones. */
public enum Level {
  /** Formats and memory. */
  L0,
  /** Core shapes, and one case per operator at the dimensions of a real model. */
  L1,
  /** Every shape, type and flag. */
  L2,
  /** Stress: concurrency, determinism, batch invariance, long reductions, real layers. */
  L3;

  /** Returns whether a run at this level contains cases of another level. */
  public boolean includes(Level other) {
    return compareTo(other) >= 0;
  }
}

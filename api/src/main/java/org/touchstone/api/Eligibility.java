package org.touchstone.api;

/** Says whether a device may be chosen without being named. */
public enum Eligibility {
  /** A candidate of every selection. */
  AUTOMATIC,
  /** Chosen only by its URI: references, simulators, checkers. */
  NAMED_ONLY
}

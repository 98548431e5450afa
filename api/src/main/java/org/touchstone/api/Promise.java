package org.touchstone.api;

/**
 * Says whether a kernel promises a property; a promise that does not hold is a conformance failure.
 */
public enum Promise {
  /** The property holds and is tested. */
  HOLDS,
  /** Nothing is promised. */
  NONE
}

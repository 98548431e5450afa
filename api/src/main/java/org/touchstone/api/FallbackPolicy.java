package org.touchstone.api;

/** Says what happens when the device or kind that a {@link Selection} demands cannot be had. */
public enum FallbackPolicy {
  /** Fail with the decision table. The default. */
  FAIL,
  /**
   * Take the best other device, mark it in the decision and in every receipt, and log a warning.
   */
  WARN,
  /** Take the best other device and mark it in the decision and in every receipt. */
  ALLOW
}

package org.touchstone.conformance;

/** Follows a run. Called by one thread at a time, results in the order in which cases end. */
public interface ConformanceListener {
  /** Ignores everything. */
  ConformanceListener NONE = new ConformanceListener() {};

  /** Takes the number of items that a device will run; a row of each will be finished. */
  default void started(String device, int cases) {}

  /** Takes a finished row. */
  default void finished(CaseResult result) {}

  /** Takes a row of what only shows over all items; none of those that were announced. */
  default void summarized(CaseResult result) {
    finished(result);
  }

  /** Takes a finished defect. */
  default void finished(MutantResult result) {}

  /** Takes something that must not be silent. */
  default void notice(String text) {}
}

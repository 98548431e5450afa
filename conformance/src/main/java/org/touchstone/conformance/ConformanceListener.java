package org.touchstone.conformance;

/** Follows a run. Called by one thread at a time, results in the order in which cases end. */
public interface ConformanceListener {
  /** Ignores everything. */
  ConformanceListener NONE = new ConformanceListener() {};

  /** Takes the number of rows that a device will have. */
  default void started(String device, int cases) {}

  /** Takes a finished row. */
  default void finished(CaseResult result) {}

  /** Takes a finished defect. */
  default void finished(MutantResult result) {}

  /** Takes something that must not be silent. */
  default void notice(String text) {}
}

package org.touchstone.conformance.cases;

/** Takes the cases of a generator. */
@FunctionalInterface
public interface CaseSink {
  /** Takes a finished case. */
  void take(TestCase testCase);

  /** Finishes and takes a case. */
  default void add(TestCase.Builder builder) {
    take(builder.build());
  }
}

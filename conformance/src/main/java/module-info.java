/** The conformance suite: cases, oracle, judge, mutants, runner and reports. */
module org.touchstone.conformance {
  requires transitive org.touchstone.backends;
  requires tools.jackson.databind;
}

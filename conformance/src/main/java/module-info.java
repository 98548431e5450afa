/** The conformance suite: cases, oracle, judge, mutants, runner and reports. */
module org.touchstone.conformance {
  requires static transitive org.jspecify;
  requires transitive org.touchstone.backends;
  requires jdk.jfr;
  requires static org.junit.jupiter.api;
  requires static org.opentest4j;
  requires tools.jackson.databind;

  exports org.touchstone.conformance;
  exports org.touchstone.conformance.bench;
  exports org.touchstone.conformance.cases;
  exports org.touchstone.conformance.data;
  exports org.touchstone.conformance.golden;
  exports org.touchstone.conformance.judge;
  exports org.touchstone.conformance.junit;
  exports org.touchstone.conformance.report;
  exports org.touchstone.conformance.tune;

  uses org.touchstone.backends.oracle.Oracle;
  uses org.touchstone.backends.spi.KernelInspector;
  uses org.touchstone.backends.spi.LimitProbe;
  uses org.touchstone.backends.spi.MutantSource;
  uses org.touchstone.backends.spi.TuningSource;
  uses org.touchstone.conformance.bench.Peer;
}

package org.touchstone.conformance.report;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Metrics;

/** Small reports to read, join and compare. */
final class SampleReports {
  static final String DEVICE = "cpu://simd";

  private SampleReports() {}

  static CaseResult row(String name, Outcome outcome) {
    return row(name, outcome, 1e-9, 2_000_000);
  }

  static CaseResult row(String name, Outcome outcome, double nmse, long nanos) {
    boolean ran = outcome.executed();
    return new CaseResult(
        DEVICE,
        name,
        name.substring(0, name.indexOf('/')),
        outcome,
        outcome == Outcome.PASS ? "" : "why",
        ran
            ? Optional.of(new Metrics(0.5, nmse, 0.75, Double.POSITIVE_INFINITY))
            : Optional.empty(),
        ran ? "add.256" : "",
        "F32",
        nanos);
  }

  static ConformanceReport report(CaseResult... rows) {
    boolean failing = List.of(rows).stream().anyMatch(r -> r.outcome().failing());
    return new ConformanceReport(
        List.of(rows),
        List.of(),
        Map.of("java", "25"),
        List.of("a note"),
        failing ? ExitCode.FAILURE : ExitCode.OK);
  }
}

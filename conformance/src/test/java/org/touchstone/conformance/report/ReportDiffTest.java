package org.touchstone.conformance.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.conformance.report.SampleReports.report;
import static org.touchstone.conformance.report.SampleReports.row;

import org.junit.jupiter.api.Test;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.report.ReportDiff.Kind;

class ReportDiffTest {
  @Test
  void sameRunsDoNotDiffer() {
    ReportDiff diff =
        ReportDiff.of(report(row("add/1/a", Outcome.PASS)), report(row("add/1/a", Outcome.PASS)));

    assertThat(diff.changes()).isEmpty();
    assertThat(diff.regressed()).isFalse();
  }

  @Test
  void everyKindOfChangeIsTold() {
    ReportDiff diff =
        ReportDiff.of(
            report(
                row("add/1/a", Outcome.PASS),
                row("add/2/a", Outcome.FAIL),
                row("add/3/a", Outcome.PASS),
                row("add/4/a", Outcome.PASS, 1e-9, 1),
                row("add/5/a", Outcome.UNSUPPORTED),
                row("add/6/a", Outcome.PASS),
                row("cast/1/a", Outcome.PASS, 0, 9_000_000_000L),
                row("rope/1/a", Outcome.PASS, 0, 1_000_000_000L)),
            report(
                row("add/1/a", Outcome.CRASHED),
                row("add/2/a", Outcome.PASS),
                row("add/3/a", Outcome.UNSUPPORTED),
                row("add/4/a", Outcome.PASS, 1e-8, 1),
                row("add/5/a", Outcome.PASS),
                row("add/7/a", Outcome.PASS),
                row("cast/1/a", Outcome.PASS, 0, 2_000_000_000L),
                row("rope/1/a", Outcome.PASS, 0, 4_000_000_000L)));

    assertThat(diff.of(Kind.NEW_FAILURE)).extracting(c -> c.name()).containsExactly("add/1/a");
    assertThat(diff.of(Kind.FIXED)).extracting(c -> c.name()).containsExactly("add/2/a");
    assertThat(diff.of(Kind.LOST)).extracting(c -> c.name()).containsExactly("add/3/a", "add/6/a");
    assertThat(diff.of(Kind.ERROR_GREW))
        .extracting(c -> c.detail())
        .containsExactly("nmse 1.00e-09 -> 1.00e-08");
    assertThat(diff.of(Kind.NEW)).extracting(c -> c.name()).containsExactly("add/5/a", "add/7/a");
    assertThat(diff.of(Kind.FASTER)).extracting(c -> c.detail()).containsExactly("9.0 s -> 2.0 s");
    assertThat(diff.of(Kind.SLOWER)).extracting(c -> c.name()).containsExactly("rope");
    assertThat(diff.regressed()).isTrue();
  }

  @Test
  void timesAndRepairsAreNoRegressions() {
    ReportDiff diff =
        ReportDiff.of(
            report(row("add/1/a", Outcome.FAIL, 0, 1_000_000_000L)),
            report(row("add/1/a", Outcome.PASS, 0, 5_000_000_000L)));

    assertThat(diff.changes()).hasSize(2);
    assertThat(diff.regressed()).isFalse();
  }

  @Test
  void aFailureThatStaysIsNotNew() {
    ReportDiff diff =
        ReportDiff.of(report(row("add/1/a", Outcome.FAIL)), report(row("add/1/a", Outcome.FLAKY)));

    assertThat(diff.changes()).isEmpty();
  }
}

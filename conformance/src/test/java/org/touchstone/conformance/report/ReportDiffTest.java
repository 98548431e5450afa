package org.touchstone.conformance.report;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.conformance.report.SampleReports.report;
import static org.touchstone.conformance.report.SampleReports.row;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Metrics;
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
    assertThat(diff.of(Kind.FASTER))
        .extracting(c -> c.detail())
        .containsExactly("9.0 s -> 2.0 s, median of 1 cases x0.22");
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

  /** Operators beside the one that is looked at. */
  private static final List<String> OTHERS =
      List.of("cast", "embedding", "gated_act", "moe_combine", "rms_norm", "rope_apply");

  private static void timed(
      String op, int cases, double factor, double noise, List<CaseResult> rows) {
    for (int i = 0; i < cases; i++) {
      double millis = (50 + i) * factor * (i % 2 == 0 ? 1 + noise : 1 / (1 + noise));
      rows.add(row(op + "/" + i + "/a", Outcome.PASS, 0, (long) (millis * 1e6)));
    }
  }

  /** An operator alone. */
  private static ConformanceReport timed(int cases, double factor, double noise) {
    List<CaseResult> rows = new ArrayList<>();
    timed("add", cases, factor, noise, rows);
    return report(rows.toArray(CaseResult[]::new));
  }

  /** An operator among others, which all have the drift of their run. */
  private static ConformanceReport beside(double factor, double noise, double... drift) {
    List<CaseResult> rows = new ArrayList<>();
    timed("add", 40, factor, noise, rows);
    for (int i = 0; i < OTHERS.size(); i++) {
      timed(OTHERS.get(i), 10, drift[i % drift.length], 0.05, rows);
    }
    return report(rows.toArray(CaseResult[]::new));
  }

  @Test
  void manyCasesTellASmallChangeFromNoise() {
    ConformanceReport before = beside(1, 0, 1);

    assertThat(ReportDiff.of(before, beside(1.4, 0.1, 1)).of(Kind.SLOWER))
        .extracting(c -> c.name())
        .containsExactly("add");
    assertThat(ReportDiff.of(before, beside(0.7, 0.1, 1)).of(Kind.FASTER)).hasSize(1);
    assertThat(ReportDiff.of(before, beside(1, 0.3, 1)).changes()).isEmpty();
    assertThat(ReportDiff.of(before, beside(1.3, 1.5, 1)).changes()).isEmpty();
    assertThat(ReportDiff.of(before, beside(1.2, 0, 1)).changes()).isEmpty();
  }

  @Test
  void aBusierMachineMakesNoOperatorSlower() {
    ConformanceReport before = beside(1, 0, 1);

    ReportDiff busy = ReportDiff.of(before, beside(2, 0, 1.8, 2.1, 1.9));
    assertThat(busy.changes()).isEmpty();
    assertThat(busy.environment())
        .singleElement()
        .asString()
        .startsWith("cpu://simd: everything takes x1.9");
    // Beside what everything does, a change still shows, and so does one that stays away.
    assertThat(ReportDiff.of(before, beside(4, 0, 1.8, 2.1, 1.9)).of(Kind.SLOWER)).hasSize(1);
    assertThat(ReportDiff.of(before, beside(1, 0, 1.8, 2.1, 1.9)).of(Kind.FASTER)).hasSize(1);
    // A neighbour that comes and goes leaves nothing to compare with but the greatest changes.
    assertThat(ReportDiff.of(before, beside(2, 0, 1, 1, 2)).changes()).isEmpty();
    assertThat(ReportDiff.of(before, beside(5, 0, 1, 1, 2)).of(Kind.SLOWER)).hasSize(1);
  }

  /**
   * Level L1 of {@code cpu://simd}, recorded twice with the same code: alone on the machine, and
   * beside other programs.
   *
   * @param slower the operator whose later times are stretched
   */
  private static ReportDiff recorded(String slower, double factor) throws IOException {
    List<CaseResult> before = new ArrayList<>();
    List<CaseResult> after = new ArrayList<>();
    String text;
    try (InputStream in =
        requireNonNull(ReportDiffTest.class.getResourceAsStream("times-busy.csv"))) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    for (String line : text.lines().filter(l -> !l.startsWith("#")).toList()) {
      String[] cells = line.split(",", -1);
      String name = cells[0] + "/" + before.size() + "/a";
      double stretch = cells[0].equals(slower) ? factor : 1;
      before.add(row(name, Outcome.PASS, 0, 1000 * Long.parseLong(cells[1])));
      after.add(row(name, Outcome.PASS, 0, (long) (1000 * stretch * Long.parseLong(cells[2]))));
    }
    assertThat(before).hasSizeGreaterThan(1000);
    return ReportDiff.of(
        report(before.toArray(CaseResult[]::new)), report(after.toArray(CaseResult[]::new)));
  }

  @Test
  void equalRunsOnABusyMachineDoNotDiffer() throws IOException {
    ReportDiff diff = recorded("", 1);
    assertThat(diff.changes()).isEmpty();
    assertThat(diff.environment())
        .containsExactly(
            "cpu://simd: everything takes x1.91 of its time, in the middle of 30 operators; each is"
                + " compared with that");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gemm_fp8_block", "attention_prefill", "moe_route", "rms_norm"})
  void aSlowdownShowsOnABusyMachine(String op) throws IOException {
    assertThat(recorded(op, 4).of(Kind.SLOWER)).extracting(c -> c.name()).containsExactly(op);
  }

  @Test
  void anOperatorAloneHasToChangeThreefold() {
    ConformanceReport before = timed(40, 1, 0);

    assertThat(ReportDiff.of(before, timed(40, 2.1, 0.1)).changes()).isEmpty();
    assertThat(ReportDiff.of(before, timed(40, 3.2, 0.1)).of(Kind.SLOWER)).hasSize(1);
  }

  @Test
  void casesThatOnlyOneRunHasDoNotMakeItSlower() {
    ReportDiff diff = ReportDiff.of(timed(10, 1, 0), timed(90, 1, 0));

    assertThat(diff.of(Kind.SLOWER)).isEmpty();
    assertThat(diff.of(Kind.NEW)).hasSize(80);
  }

  @Test
  void anErrorThatGrowsWithinItsBoundIsTold() {
    CaseResult old = row("add/1/a", Outcome.PASS);
    CaseResult grown =
        new CaseResult(
            old.device(),
            old.name(),
            old.op(),
            old.outcome(),
            "",
            Optional.of(new Metrics(0.9, 1e-9, 1, 1)),
            "",
            "",
            old.nanos());
    CaseResult small =
        new CaseResult(
            old.device(),
            old.name(),
            old.op(),
            old.outcome(),
            "",
            Optional.of(new Metrics(0.2, 1e-9, 1, 1)),
            "",
            "",
            old.nanos());

    assertThat(ReportDiff.of(report(small), report(grown)).of(Kind.ERROR_GREW))
        .extracting(c -> c.detail())
        .containsExactly("error/bound 0.200 -> 0.900");
    assertThat(ReportDiff.of(report(grown), report(small)).changes()).isEmpty();
  }

  @Test
  void whatDiffersBetweenTheMachinesIsTold() {
    assertThat(
            ReportDiff.differences(
                Map.of("java", "25", "processors", "2"), Map.of("java", "26", "processors", "2")))
        .containsExactly("java: 25 -> 26");
  }
}

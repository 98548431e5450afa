package org.touchstone.conformance.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.conformance.report.SampleReports.report;
import static org.touchstone.conformance.report.SampleReports.row;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;

class ReportMergeTest {
  @Test
  void rowsOfAnOperatorStandTogetherAndTheWorstExitStays() {
    ConformanceReport first = report(row("add/1/a", Outcome.PASS), row("cast/1/a", Outcome.PASS));
    ConformanceReport second = report(row("add/2/a", Outcome.FAIL), row("cast/2/a", Outcome.PASS));

    ConformanceReport joined = ReportMerge.of(List.of(first, second));

    assertThat(joined.results())
        .extracting(CaseResult::name)
        .containsExactly("add/1/a", "add/2/a", "cast/1/a", "cast/2/a");
    assertThat(joined.exit()).isEqualTo(ExitCode.FAILURE);
    assertThat(joined.notes()).containsExactly("a note");
    assertThat(joined.environment()).containsEntry("java", "25");
  }

  @Test
  void aFailingRowOutlivesItsDouble() {
    ConformanceReport good = report(row("bias/add/F32", Outcome.PASS));
    ConformanceReport bad = report(row("bias/add/F32", Outcome.FAIL));

    assertThat(ReportMerge.of(List.of(good, bad)).total().of(Outcome.FAIL)).isEqualTo(1);
    assertThat(ReportMerge.of(List.of(bad, good)).total().of(Outcome.FAIL)).isEqualTo(1);
    assertThat(ReportMerge.of(List.of(bad, good)).total().cases()).isEqualTo(1);
  }
}

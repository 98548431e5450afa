package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Counters;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;

/** A summary for people: a table per device, then what failed and how to run it again. */
final class TextReport implements ReportFormat.Writer {
  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    List<Outcome> outcomes = Tables.outcomes(report);
    for (Map.Entry<String, Map<String, List<CaseResult>>> device :
        Tables.byDeviceAndOp(report).entrySet()) {
      out.append(device.getKey()).append('\n');
      out.append(String.format("  %-24s", "operator"));
      for (Outcome outcome : outcomes) {
        out.append(String.format("%12s", outcome.label()));
      }
      out.append(String.format("%14s%n", "error/bound").replace("\r", ""));
      for (Map.Entry<String, List<CaseResult>> op : device.getValue().entrySet()) {
        row(op.getKey(), op.getValue(), outcomes, out);
      }
      out.append('\n');
    }
    reasons(report, Outcome.UNSUPPORTED, out);
    reasons(report, Outcome.SKIPPED, out);
    for (CaseResult row : Tables.failing(report)) {
      out.append(row.outcome().label().toUpperCase(java.util.Locale.ROOT))
          .append(' ')
          .append(row.device())
          .append(' ')
          .append(row.name())
          .append("\n  ")
          .append(row.reason().replace("\n", "\n  "))
          .append("\n  ")
          .append(row.repro())
          .append('\n');
    }
    mutants(report, out);
    for (String note : report.notes()) {
      out.append("note: ").append(note).append('\n');
    }
    if (report.mutants().isEmpty() || !report.results().isEmpty()) {
      out.append(Tables.text(report.total())).append('\n');
    }
  }

  private static void row(String op, List<CaseResult> rows, List<Outcome> outcomes, Appendable out)
      throws IOException {
    Counters counters = Counters.of(rows);
    out.append(String.format("  %-24s", op));
    for (Outcome outcome : outcomes) {
      int count = counters.of(outcome);
      out.append(String.format("%12s", count == 0 ? "." : Integer.toString(count)));
    }
    double ratio =
        rows.stream()
            .flatMap(r -> r.metrics().stream())
            .mapToDouble(m -> m.errorOverBound())
            .max()
            .orElse(-1);
    out.append(ratio < 0 ? "" : String.format("%14.3f", ratio)).append('\n');
  }

  private static void reasons(ConformanceReport report, Outcome outcome, Appendable out)
      throws IOException {
    Map<String, Long> reasons = Tables.reasons(report, outcome);
    if (reasons.isEmpty()) {
      return;
    }
    out.append(outcome.label()).append('\n');
    for (Map.Entry<String, Long> reason : reasons.entrySet()) {
      out.append(String.format("  %6d  %s", reason.getValue(), reason.getKey())).append('\n');
    }
    out.append('\n');
  }

  private static void mutants(ConformanceReport report, Appendable out) throws IOException {
    if (report.mutants().isEmpty()) {
      return;
    }
    out.append("seeded defects\n");
    for (MutantResult mutant : report.mutants()) {
      out.append(
              String.format(
                  "  %-9s %-34s %s",
                  mutant.killed() ? "killed" : "SURVIVED",
                  mutant.name(),
                  mutant.killer().orElse(mutant.description())))
          .append("\n            ")
          .append(mutant.evidence().lines().findFirst().orElse(""))
          .append('\n');
    }
    long killed = report.mutants().stream().filter(MutantResult::killed).count();
    out.append(String.format("%d of %d killed", killed, report.mutants().size())).append('\n');
  }
}

package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Counters;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;

/** A summary in GitHub's Markdown. */
final class MarkdownReport implements ReportFormat.Writer {
  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    out.append("# Conformance\n\n").append(Tables.text(report.total())).append(".\n");
    List<Outcome> outcomes = Tables.outcomes(report);
    for (Map.Entry<String, Map<String, List<CaseResult>>> device :
        Tables.byDeviceAndOp(report).entrySet()) {
      out.append("\n## `").append(device.getKey()).append("`\n\n| operator |");
      for (Outcome outcome : outcomes) {
        out.append(' ').append(outcome.label()).append(" |");
      }
      out.append("\n|---|").append("---:|".repeat(outcomes.size())).append('\n');
      for (Map.Entry<String, List<CaseResult>> op : device.getValue().entrySet()) {
        Counters counters = Counters.of(op.getValue());
        out.append("| `").append(op.getKey()).append("` |");
        for (Outcome outcome : outcomes) {
          out.append(' ').append(Integer.toString(counters.of(outcome))).append(" |");
        }
        out.append('\n');
      }
    }
    List<CaseResult> failing = Tables.failing(report);
    if (!failing.isEmpty()) {
      out.append("\n## Failures\n\n");
      for (CaseResult row : failing) {
        out.append("- **")
            .append(row.outcome().label())
            .append("** `")
            .append(row.repro())
            .append("`: ")
            .append(cell(row.reason()))
            .append('\n');
      }
    }
    mutants(report, out);
    for (String note : report.notes()) {
      out.append("\n> ").append(cell(note)).append('\n');
    }
  }

  private static void mutants(ConformanceReport report, Appendable out) throws IOException {
    if (report.mutants().isEmpty()) {
      return;
    }
    out.append("\n## Seeded defects\n\n| defect | what is wrong | caught by |\n|---|---|---|\n");
    for (MutantResult mutant : report.mutants()) {
      out.append("| `")
          .append(mutant.name())
          .append("` | ")
          .append(cell(mutant.description()))
          .append(" | ")
          .append(mutant.killer().map(k -> "`" + k + "`").orElse("**nothing**"))
          .append(" |\n");
    }
  }

  private static String cell(String text) {
    return text.replace("\n", " ").replace("|", "\\|").replace("<", "&lt;");
  }
}

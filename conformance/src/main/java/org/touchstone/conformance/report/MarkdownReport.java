package org.touchstone.conformance.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Counters;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;

/**
 * A summary in GitHub's Markdown that fits the summary of a step of its CI, which holds 1 MiB: the
 * tables come first, and what no longer fits is counted.
 */
final class MarkdownReport implements ReportFormat.Writer {
  /** Largest summary of a step, less room for the last lines. */
  static final int MOST_BYTES = (1 << 20) - (4 << 10);

  /** Longest part of a reason; the whole is in the other formats. */
  private static final int MOST_CHARS = 400;

  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    Lines lines = new Lines(out);
    lines.add("# Conformance\n\n" + Tables.text(report.total()) + ".\n");
    List<Outcome> outcomes = Tables.outcomes(report);
    for (Map.Entry<String, Map<String, List<CaseResult>>> device :
        Tables.byDeviceAndOp(report).entrySet()) {
      StringBuilder head = new StringBuilder("\n## `" + device.getKey() + "`\n\n| operator |");
      outcomes.forEach(outcome -> head.append(' ').append(outcome.label()).append(" |"));
      lines.add(head + "\n|---|" + "---:|".repeat(outcomes.size()) + "\n");
      for (Map.Entry<String, List<CaseResult>> op : device.getValue().entrySet()) {
        Counters counters = Counters.of(op.getValue());
        StringBuilder row = new StringBuilder("| `" + op.getKey() + "` |");
        outcomes.forEach(outcome -> row.append(' ').append(counters.of(outcome)).append(" |"));
        lines.add(row.append('\n').toString());
      }
    }
    // Notes are few and say what the tables do not; they must not be what is left out.
    for (String note : report.notes()) {
      lines.add("\n> " + cell(note) + "\n");
    }
    mutants(report, lines);
    failures(report, lines);
    lines.end();
  }

  private static void failures(ConformanceReport report, Lines lines) throws IOException {
    List<CaseResult> failing = Tables.failing(report);
    if (failing.isEmpty()) {
      return;
    }
    lines.add("\n## Failures\n\n");
    for (CaseResult row : failing) {
      lines.add(
          "- **"
              + row.outcome().label()
              + "** `"
              + row.repro()
              + "`: "
              + cell(row.reason())
              + "\n");
    }
  }

  private static void mutants(ConformanceReport report, Lines lines) throws IOException {
    if (report.mutants().isEmpty()) {
      return;
    }
    lines.add("\n## Seeded defects\n\n| defect | what is wrong | caught by |\n|---|---|---|\n");
    for (MutantResult mutant : report.mutants()) {
      lines.add(
          "| `"
              + mutant.name()
              + "` | "
              + cell(mutant.description())
              + " | "
              + mutant.killer().map(k -> "`" + k + "`").orElse("**nothing**")
              + " |\n");
    }
  }

  private static String cell(String text) {
    String part = text.length() > MOST_CHARS ? text.substring(0, MOST_CHARS) + " ..." : text;
    return part.replace("\n", " ").replace("|", "\\|").replace("<", "&lt;");
  }

  /** Passes on what fits and counts the rest. */
  private static final class Lines {
    private final Appendable out;
    private int bytes;
    private int left;

    Lines(Appendable out) {
      this.out = out;
    }

    void add(String text) throws IOException {
      int size = text.getBytes(StandardCharsets.UTF_8).length;
      // What follows a gap would be read as belonging to what came before it.
      if (left > 0 || bytes + size > MOST_BYTES) {
        left++;
        return;
      }
      bytes += size;
      out.append(text);
    }

    void end() throws IOException {
      if (left > 0) {
        out.append("\n> ")
            .append(Integer.toString(left))
            .append(" more lines do not fit into a summary of 1 MiB; see the other formats.\n");
      }
    }
  }
}

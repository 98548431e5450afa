package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.stream.Collectors;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;

/** Comma-separated values as in RFC 4180, but lines end with a line feed. */
final class CsvReport implements ReportFormat.Writer {
  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    out.append(String.join(",", Tables.COLUMNS)).append('\n');
    for (CaseResult row : report.results()) {
      out.append(
              Tables.fields(row).values().stream()
                  .map(value -> quote(value.toString()))
                  .collect(Collectors.joining(",")))
          .append('\n');
    }
  }

  private static String quote(String value) {
    boolean plain = value.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? value : '"' + value.replace("\"", "\"\"") + '"';
  }
}

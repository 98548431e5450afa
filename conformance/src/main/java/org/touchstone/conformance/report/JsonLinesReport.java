package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;

/** One JSON object per line, told apart by {@code type}. */
final class JsonLinesReport implements ReportFormat.Writer {
  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    Map<String, @Nullable Object> header = typed("run");
    header.put("environment", report.environment());
    line(header, out);
    for (CaseResult result : report.results()) {
      Map<String, @Nullable Object> row = typed("result");
      row.putAll(JsonReport.row(result));
      line(row, out);
    }
    Map<String, @Nullable Object> summary = typed("summary");
    summary.put("exit", report.exit().code());
    summary.put("notes", report.notes());
    summary.putAll(JsonReport.summary(report));
    summary.put("mutants", JsonReport.mutants(report));
    line(summary, out);
  }

  private static Map<String, @Nullable Object> typed(String type) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    object.put("schema", JsonReport.SCHEMA);
    object.put("type", type);
    return object;
  }

  private static void line(Map<String, @Nullable Object> object, Appendable out)
      throws IOException {
    out.append(JsonReport.line(object)).append('\n');
  }
}

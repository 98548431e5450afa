package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;

/** The JSON that badge services read from an address: schema version 1, label, message, colour. */
final class BadgeReport implements ReportFormat.Writer {
  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    boolean proof = !report.mutants().isEmpty();
    Map<String, @Nullable Object> badge = new LinkedHashMap<>();
    badge.put("schemaVersion", 1);
    badge.put("label", proof ? "seeded defects" : "conformance");
    badge.put(
        "message",
        proof
            ? (report.mutants().size() - report.survivors().size())
                + " of "
                + report.mutants().size()
                + " caught"
            : Tables.text(report.total()));
    badge.put("color", report.exit() == ExitCode.OK ? "brightgreen" : "red");
    out.append(JsonReport.line(badge)).append('\n');
  }
}

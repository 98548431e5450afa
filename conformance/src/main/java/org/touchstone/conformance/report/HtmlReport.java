package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Counters;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.judge.Metrics;

/** One page without scripts or links: the matrix, the failures, the defects, every row. */
final class HtmlReport implements ReportFormat.Writer {
  private static final String STYLE =
      """
      body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1200px;padding:0 1rem;color:#1b1f24}
      table{border-collapse:collapse;margin:.5rem 0 1.5rem}
      th,td{border:1px solid #d0d7de;padding:.2rem .6rem;text-align:left;vertical-align:top}
      td.n{text-align:right;font-variant-numeric:tabular-nums}
      code{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
      .good{background:#dafbe1}.bad{background:#ffd7d5}.mixed{background:#fff3c4}.none{background:#f6f8fa;color:#656d76}
      """;

  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n")
        .append("<title>Touchstone conformance</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n</head>\n<body>\n<h1>Touchstone conformance</h1>\n<p>")
        .append(Tables.escape(Tables.text(report.total())))
        .append("</p>\n");
    environment(report, out);
    matrix(report, out);
    failures(report, out);
    mutants(report, out);
    rows(report, out);
    for (String note : report.notes()) {
      out.append("<p>").append(Tables.escape(note)).append("</p>\n");
    }
    out.append("</body>\n</html>\n");
  }

  private static void environment(ConformanceReport report, Appendable out) throws IOException {
    if (report.environment().isEmpty()) {
      return;
    }
    out.append("<table>\n");
    for (Map.Entry<String, String> fact : report.environment().entrySet()) {
      row(out, "<th>" + Tables.escape(fact.getKey()) + "</th>", cell(fact.getValue()));
    }
    out.append("</table>\n");
  }

  private static void matrix(ConformanceReport report, Appendable out) throws IOException {
    Map<String, Map<String, List<CaseResult>>> devices = Tables.byDeviceAndOp(report);
    Set<String> ops = new LinkedHashSet<>();
    devices.values().forEach(byOp -> ops.addAll(byOp.keySet()));
    if (ops.isEmpty()) {
      return;
    }
    out.append("<h2>Operators and devices</h2>\n<table>\n<tr><th>operator</th>");
    for (String device : devices.keySet()) {
      out.append("<th><code>").append(Tables.escape(device)).append("</code></th>");
    }
    out.append("</tr>\n");
    for (String op : ops) {
      out.append("<tr><th><code>").append(Tables.escape(op)).append("</code></th>");
      for (Map<String, List<CaseResult>> byOp : devices.values()) {
        Counters counters = Counters.of(byOp.getOrDefault(op, List.of()));
        out.append("<td class=\"")
            .append(colour(counters))
            .append("\">")
            .append(Tables.escape(Tables.text(counters)))
            .append("</td>");
      }
      out.append("</tr>\n");
    }
    out.append("</table>\n");
  }

  private static String colour(Counters counters) {
    if (counters.failing() > 0) {
      return "bad";
    }
    if (counters.executed() == 0) {
      return "none";
    }
    return counters.executed() == counters.cases() ? "good" : "mixed";
  }

  private static void failures(ConformanceReport report, Appendable out) throws IOException {
    List<CaseResult> failing = Tables.failing(report);
    if (failing.isEmpty()) {
      return;
    }
    out.append("<h2>Failures</h2>\n<table>\n<tr><th>outcome</th><th>why</th><th>again</th></tr>\n");
    for (CaseResult row : failing) {
      row(out, cell(row.outcome().label()), cell(row.reason()), code(row.repro()));
    }
    out.append("</table>\n");
  }

  private static void mutants(ConformanceReport report, Appendable out) throws IOException {
    if (report.mutants().isEmpty()) {
      return;
    }
    out.append("<h2>Seeded defects</h2>\n<table>\n")
        .append(
            "<tr><th>defect</th><th>what is wrong</th><th>caught by</th><th>evidence</th></tr>\n");
    for (MutantResult mutant : report.mutants()) {
      row(
          out,
          code(mutant.name()),
          cell(mutant.description()),
          mutant.killer().map(HtmlReport::code).orElse("<td class=\"bad\">nothing</td>"),
          cell(mutant.evidence()));
    }
    out.append("</table>\n");
  }

  private static void rows(ConformanceReport report, Appendable out) throws IOException {
    out.append("<details>\n<summary>Every case</summary>\n<table>\n")
        .append("<tr><th>device</th><th>case</th><th>outcome</th><th>error/bound</th>")
        .append("<th>ulp</th><th>kernel</th><th>declares</th><th>ms</th></tr>\n");
    for (CaseResult r : report.results()) {
      row(
          out,
          code(r.device()),
          code(r.name()),
          cell(r.outcome().label()),
          number(r.metrics().map(Metrics::errorOverBound).orElse(Double.NaN)),
          number(r.metrics().map(Metrics::ulp).orElse(Double.NaN)),
          code(r.kernel()),
          cell(r.traits()),
          number(r.nanos() / 1e6));
    }
    out.append("</table>\n</details>\n");
  }

  private static void row(Appendable out, String... cells) throws IOException {
    out.append("<tr>").append(String.join("", cells)).append("</tr>\n");
  }

  private static String cell(String text) {
    return "<td>" + Tables.escape(text) + "</td>";
  }

  private static String code(String text) {
    return "<td><code>" + Tables.escape(text) + "</code></td>";
  }

  private static String number(double value) {
    return "<td class=\"n\">"
        + (Double.isFinite(value) ? String.format(Locale.ROOT, "%.3f", value) : "")
        + "</td>";
  }
}

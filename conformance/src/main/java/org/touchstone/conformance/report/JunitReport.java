package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Counters;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;

/** The XML that continuous integration reads: a suite per device, a test case per row. */
final class JunitReport implements ReportFormat.Writer {
  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    out.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    Map<String, List<CaseResult>> devices =
        report.results().stream()
            .collect(
                Collectors.groupingBy(
                    CaseResult::device, java.util.LinkedHashMap::new, Collectors.toList()));
    for (Map.Entry<String, List<CaseResult>> device : devices.entrySet()) {
      suite(device.getKey(), device.getValue(), out);
    }
    if (!report.mutants().isEmpty()) {
      mutants(report, out);
    }
    out.append("</testsuites>\n");
  }

  private static void suite(String device, List<CaseResult> rows, Appendable out)
      throws IOException {
    Counters counters = Counters.of(rows);
    int errors =
        counters.of(Outcome.CRASHED) + counters.of(Outcome.TIMEOUT) + counters.of(Outcome.OOM);
    int skipped =
        counters.of(Outcome.UNSUPPORTED)
            + counters.of(Outcome.SKIPPED)
            + counters.of(Outcome.XFAIL);
    header(device, rows.size(), counters.failing() - errors, errors, skipped, out);
    for (CaseResult row : rows) {
      out.append("    <testcase classname=\"")
          .append(Tables.escape(row.device() + "." + row.op()))
          .append("\" name=\"")
          .append(Tables.escape(row.name()))
          .append(String.format(Locale.ROOT, "\" time=\"%.6f\"", row.nanos() / 1e9));
      String element = element(row.outcome());
      if (element.isEmpty()) {
        out.append("/>\n");
        continue;
      }
      out.append(">\n      <")
          .append(element)
          .append(" message=\"")
          .append(Tables.escape(row.outcome().label() + ": " + row.reason()))
          .append(element.equals("skipped") ? "\"/>\n" : "\">" + Tables.escape(row.repro()))
          .append(element.equals("skipped") ? "" : "</" + element + ">\n")
          .append("    </testcase>\n");
    }
    out.append("  </testsuite>\n");
  }

  private static void header(
      String name, int tests, int failures, int errors, int skipped, Appendable out)
      throws IOException {
    out.append(
        String.format(
            Locale.ROOT,
            "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\">\n",
            Tables.escape(name),
            tests,
            failures,
            errors,
            skipped));
  }

  private static String element(Outcome outcome) {
    return switch (outcome) {
      case PASS -> "";
      case FAIL, XPASS, FLAKY -> "failure";
      case CRASHED, TIMEOUT, OOM -> "error";
      case UNSUPPORTED, XFAIL, SKIPPED -> "skipped";
    };
  }

  private static void mutants(ConformanceReport report, Appendable out) throws IOException {
    header("seeded defects", report.mutants().size(), report.survivors().size(), 0, 0, out);
    for (MutantResult mutant : report.mutants()) {
      out.append("    <testcase classname=\"mutants\" name=\"")
          .append(Tables.escape(mutant.name()))
          .append('"');
      if (mutant.killed()) {
        out.append("/>\n");
      } else {
        out.append("><failure message=\"survived: ")
            .append(Tables.escape(mutant.description()))
            .append("\"/></testcase>\n");
      }
    }
    out.append("  </testsuite>\n");
  }
}

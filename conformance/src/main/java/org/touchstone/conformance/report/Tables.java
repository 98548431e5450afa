package org.touchstone.conformance.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Counters;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Metrics;

/** What several formats show. */
final class Tables {
  static final List<String> COLUMNS =
      List.of(
          "device",
          "case",
          "op",
          "outcome",
          "reason",
          "maxErrorOverBound",
          "nmse",
          "cosine",
          "ulp",
          "kernel",
          "traits",
          "ns",
          "repro");

  private Tables() {}

  /** Groups rows by device, then by operator, in the order of the rows. */
  static Map<String, Map<String, List<CaseResult>>> byDeviceAndOp(ConformanceReport report) {
    return report.results().stream()
        .collect(
            Collectors.groupingBy(
                CaseResult::device,
                LinkedHashMap::new,
                Collectors.groupingBy(CaseResult::op, LinkedHashMap::new, Collectors.toList())));
  }

  /** Returns the rows that make the run fail. */
  static List<CaseResult> failing(ConformanceReport report) {
    return report.results().stream().filter(r -> r.outcome().failing()).toList();
  }

  /** Counts the reasons of an outcome, most frequent first; a reason ends at its first colon. */
  static Map<String, Long> reasons(ConformanceReport report, Outcome outcome) {
    Map<String, Long> counts =
        report.results().stream()
            .filter(r -> r.outcome() == outcome)
            .collect(
                Collectors.groupingBy(
                    r -> r.op() + ": " + r.reason(), LinkedHashMap::new, Collectors.counting()));
    Map<String, Long> sorted = new LinkedHashMap<>();
    counts.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .forEach(e -> sorted.put(e.getKey(), e.getValue()));
    return sorted;
  }

  /** Returns a row's fields in the order of {@link #COLUMNS}; absent metrics are null. */
  static Map<String, Object> fields(CaseResult row) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("device", row.device());
    fields.put("case", row.name());
    fields.put("op", row.op());
    fields.put("outcome", row.outcome().label());
    fields.put("reason", row.reason());
    fields.put(
        "maxErrorOverBound", finite(row.metrics().map(Metrics::errorOverBound).orElse(-1.0)));
    fields.put("nmse", finite(row.metrics().map(Metrics::nmse).orElse(-1.0)));
    fields.put(
        "cosine", row.metrics().map(Metrics::cosine).<Object>map(c -> c).orElse(Absent.VALUE));
    fields.put("ulp", finite(row.metrics().map(Metrics::ulp).orElse(-1.0)));
    fields.put("kernel", row.kernel());
    fields.put("traits", row.traits());
    fields.put("ns", row.nanos());
    fields.put("repro", row.repro());
    return fields;
  }

  /** Stands for a number that was not measured or that no format can write. */
  enum Absent {
    VALUE;

    @Override
    public String toString() {
      return "";
    }
  }

  private static Object finite(double value) {
    return value >= 0 && Double.isFinite(value) ? value : Absent.VALUE;
  }

  /** Returns the outcomes that occur, in declaration order. */
  static List<Outcome> outcomes(ConformanceReport report) {
    Counters total = report.total();
    List<Outcome> outcomes = new ArrayList<>();
    for (Outcome outcome : Outcome.values()) {
      if (total.of(outcome) > 0) {
        outcomes.add(outcome);
      }
    }
    return outcomes;
  }

  /** Returns the counters of a report by name. */
  static Map<String, Object> counters(Counters counters) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("cases", counters.cases());
    for (Outcome outcome : Outcome.values()) {
      fields.put(outcome.label(), counters.of(outcome));
    }
    return fields;
  }

  /** Renders counters that are not zero, for example {@code 12 pass, 1 fail}. */
  static String text(Counters counters) {
    List<String> parts = new ArrayList<>();
    for (Outcome outcome : Outcome.values()) {
      if (counters.of(outcome) > 0) {
        parts.add(counters.of(outcome) + " " + outcome.label());
      }
    }
    return parts.isEmpty() ? "no cases" : String.join(", ", parts);
  }

  /** Escapes text for XML and HTML; characters that XML forbids become question marks. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\n' -> out.append("&#10;");
                default -> {
                  boolean legal =
                      c >= 0x20 && c != 0xFFFE && c != 0xFFFF && (c & 0xFFFFF800) != 0xD800;
                  out.appendCodePoint(legal || c == '\t' ? c : '?');
                }
              }
            });
    return out.toString();
  }
}

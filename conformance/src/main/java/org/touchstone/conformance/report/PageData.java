package org.touchstone.conformance.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Metrics;

/** The rows of a report as the page's script reads them: names once, rows as short arrays. */
final class PageData {
  private final ConformanceReport report;
  private final List<String> devices;
  private final List<String> ops;

  PageData(ConformanceReport report) {
    this.report = report;
    this.devices = distinct(CaseResult::device);
    this.ops = distinct(CaseResult::op);
  }

  ConformanceReport report() {
    return report;
  }

  List<String> devices() {
    return devices;
  }

  List<String> ops() {
    return ops;
  }

  private List<String> distinct(Function<CaseResult, String> value) {
    Set<String> values = new LinkedHashSet<>();
    report.results().forEach(row -> values.add(value.apply(row)));
    return List.copyOf(values);
  }

  /** Returns one JSON object that can stand inside a script element. */
  String json() {
    List<String> kernels = distinct(CaseResult::kernel);
    List<String> traits = distinct(CaseResult::traits);
    List<String> outcomes = Arrays.stream(Outcome.values()).map(Outcome::label).toList();
    Map<String, Integer> index = new LinkedHashMap<>();
    number("outcome ", outcomes, index);
    number("device ", devices, index);
    number("op ", ops, index);
    number("kernel ", kernels, index);
    number("traits ", traits, index);
    Map<String, @Nullable Object> root = new LinkedHashMap<>();
    root.put("devices", devices);
    root.put("ops", ops);
    root.put("kernels", kernels);
    root.put("traits", traits);
    root.put("outcomes", outcomes);
    root.put("rows", report.results().stream().map(row -> row(row, index)).toList());
    // Text of a case must not end the element that holds it.
    return JsonReport.line(root).replace("<", "\\u003c");
  }

  private static void number(String kind, List<String> values, Map<String, Integer> index) {
    for (int i = 0; i < values.size(); i++) {
      index.put(kind + values.get(i), i);
    }
  }

  private static List<@Nullable Object> row(CaseResult row, Map<String, Integer> index) {
    String usual = "./touchstone conformance --device " + row.device() + " --case " + row.name();
    List<@Nullable Object> values = new ArrayList<>();
    values.add(index.get("device " + row.device()));
    values.add(index.get("op " + row.op()));
    values.add(row.name());
    values.add(index.get("outcome " + row.outcome().label()));
    values.add(row.reason());
    values.add(metric(row, Metrics::errorOverBound));
    values.add(metric(row, Metrics::nmse));
    values.add(metric(row, Metrics::cosine));
    values.add(metric(row, Metrics::ulp));
    values.add(index.get("kernel " + row.kernel()));
    values.add(index.get("traits " + row.traits()));
    values.add(row.nanos());
    values.add(row.repro().equals(usual) ? null : row.repro());
    return values;
  }

  private static @Nullable Object metric(CaseResult row, ToDoubleFunction<Metrics> of) {
    Optional<Double> value = row.metrics().map(of::applyAsDouble);
    return value.map(v -> Double.isFinite(v) ? (Object) v : "inf").orElse(null);
  }
}

package org.touchstone.conformance.isolate;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.format.DType;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Bias;
import org.touchstone.conformance.judge.Metrics;
import org.touchstone.conformance.run.CaseReport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Finished items as single lines of JSON, between a worker and its parent and in a journal. Numbers
 * that JSON has no word for travel as text.
 */
final class ReportCodec {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private ReportCodec() {}

  /**
   * A report without its item.
   *
   * @param report what the item showed
   * @param nanos how long it took
   */
  record Timed(CaseReport report, long nanos) {}

  static Map<String, Object> fields(CaseReport report, long nanos) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("outcome", report.outcome().name());
    fields.put("reason", report.reason());
    report
        .metrics()
        .ifPresent(
            m ->
                fields.put(
                    "metrics",
                    new String[] {
                      Double.toString(m.errorOverBound()),
                      Double.toString(m.nmse()),
                      Double.toString(m.cosine()),
                      Double.toString(m.ulp())
                    }));
    fields.put("kernel", report.kernel());
    fields.put("traits", report.traits());
    Map<String, String[]> bias = new LinkedHashMap<>();
    report
        .bias()
        .forEach(
            (type, b) ->
                bias.put(
                    type.name(),
                    new String[] {Long.toString(b.elements()), Double.toString(b.sum())}));
    fields.put("bias", bias);
    fields.put("nanos", nanos);
    return fields;
  }

  static String line(Map<String, Object> fields) {
    return JSON.writeValueAsString(fields);
  }

  static JsonNode parse(String line) {
    return JSON.readTree(line);
  }

  static Timed read(JsonNode node) {
    Map<DType, Bias> bias = new EnumMap<>(DType.class);
    node.get("bias")
        .properties()
        .forEach(
            entry ->
                bias.put(
                    DType.valueOf(entry.getKey()),
                    new Bias(
                        Long.parseLong(entry.getValue().get(0).asString()),
                        Double.parseDouble(entry.getValue().get(1).asString()))));
    JsonNode m = node.get("metrics");
    Optional<Metrics> metrics =
        m == null
            ? Optional.empty()
            : Optional.of(new Metrics(number(m, 0), number(m, 1), number(m, 2), number(m, 3)));
    return new Timed(
        new CaseReport(
            Outcome.valueOf(node.get("outcome").asString()),
            node.get("reason").asString(),
            metrics,
            node.get("kernel").asString(),
            node.get("traits").asString(),
            bias),
        node.get("nanos").asLong());
  }

  private static double number(JsonNode array, int index) {
    return Double.parseDouble(array.get(index).asString());
  }
}

package org.touchstone.conformance.report;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.MutantResult;
import tools.jackson.databind.json.JsonMapper;

/** One JSON object, schema 1. */
final class JsonReport implements ReportFormat.Writer {
  static final int SCHEMA = 1;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  @Override
  public void write(ConformanceReport report, Appendable out) throws IOException {
    Map<String, @Nullable Object> root = new LinkedHashMap<>();
    root.put("schema", SCHEMA);
    root.put("exit", report.exit().code());
    root.put("environment", report.environment());
    root.put("notes", report.notes());
    root.put("summary", summary(report));
    root.put("mutants", mutants(report));
    root.put("results", report.results().stream().map(JsonReport::row).toList());
    out.append(line(root)).append('\n');
  }

  static String line(Map<String, @Nullable Object> object) {
    return JSON.writeValueAsString(object);
  }

  static Map<String, Object> summary(ConformanceReport report) {
    Map<String, Object> devices = new LinkedHashMap<>();
    report.byDevice().forEach((device, counters) -> devices.put(device, Tables.counters(counters)));
    Map<String, Object> summary = new LinkedHashMap<>();
    summary.put("total", Tables.counters(report.total()));
    summary.put("devices", devices);
    return summary;
  }

  static Map<String, Object> mutants(ConformanceReport report) {
    Map<String, Object> mutants = new LinkedHashMap<>();
    List<String> survivors = report.survivors().stream().map(MutantResult::name).toList();
    mutants.put("total", report.mutants().size());
    mutants.put("killed", report.mutants().size() - survivors.size());
    mutants.put("survivors", survivors);
    mutants.put("matrix", report.mutants().stream().map(JsonReport::mutant).toList());
    return mutants;
  }

  private static Map<String, @Nullable Object> mutant(MutantResult mutant) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("name", mutant.name());
    fields.put("device", mutant.device());
    fields.put("description", mutant.description());
    fields.put("caughtBy", mutant.caughtBy());
    fields.put("killer", mutant.killer().orElse(null));
    fields.put("evidence", mutant.evidence());
    fields.put("casesRun", mutant.casesRun());
    return fields;
  }

  static Map<String, @Nullable Object> row(CaseResult result) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    Tables.fields(result)
        .forEach((name, value) -> row.put(name, value == Tables.Absent.VALUE ? null : value));
    return row;
  }
}

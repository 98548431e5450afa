package org.touchstone.conformance.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a benchmark found.
 *
 * @param machine facts about the machine, in a fixed order
 * @param measurements one per device and workload
 */
public record BenchReport(Map<String, String> machine, List<Measurement> measurements) {
  static final int SCHEMA = 1;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Copies map and list. */
  public BenchReport {
    machine = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(machine));
    measurements = List.copyOf(measurements);
  }

  /** Returns whether every workload has figures. */
  public boolean complete() {
    return measurements.stream().allMatch(m -> m.problem().isEmpty());
  }

  /** Returns one JSON object, schema 1, in one line. */
  public String json() {
    Map<String, @Nullable Object> root = new LinkedHashMap<>();
    root.put("schema", SCHEMA);
    root.put("machine", machine);
    root.put("workloads", measurements.stream().map(BenchReport::fields).toList());
    return JSON.writeValueAsString(root) + "\n";
  }

  private static Map<String, @Nullable Object> fields(Measurement m) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("name", m.name());
    fields.put("op", m.op());
    fields.put("device", m.device());
    fields.put("kernel", m.kernel());
    m.problem().ifPresent(problem -> fields.put("problem", problem));
    m.times()
        .ifPresent(
            t -> {
              fields.put("median_ns", t.median());
              fields.put("p10_ns", t.p10());
              fields.put("p90_ns", t.p90());
              fields.put("samples", t.samples());
              fields.put("discarded", t.discarded());
              fields.put("gflops", m.gigaflops());
              fields.put("gbps", m.gigabytes());
            });
    m.limit()
        .ifPresent(
            bound -> {
              Map<String, Object> limit = new LinkedHashMap<>();
              limit.put("kind", bound.kind().name().toLowerCase(Locale.ROOT));
              limit.put("value", bound.value());
              fields.put("limit", limit);
              fields.put("of_limit", bound.share());
            });
    if (!m.limits().isEmpty()) {
      Map<String, Double> limits = new TreeMap<>();
      m.limits().forEach((kind, value) -> limits.put(kind.name().toLowerCase(Locale.ROOT), value));
      fields.put("limits", limits);
    }
    m.memory()
        .ifPresent(
            memory -> {
              fields.put("workspace_bytes", memory.workspace());
              fields.put("weights", memory.weights());
              fields.put("weight_bytes", memory.weightBytes());
            });
    fields.put("peers", m.peers().stream().map(BenchReport::fields).toList());
    if (!m.profile().isEmpty()) {
      fields.put(
          "profile",
          m.profile().stream()
              .map(s -> Map.<String, Object>of("method", s.method(), "share", s.share()))
              .toList());
    }
    return fields;
  }

  private static Map<String, Object> fields(Measurement.PeerTime peer) {
    return peer.problem()
        .map(why -> Map.<String, Object>of("name", peer.name(), "problem", why))
        .orElseGet(
            () -> Map.of("name", peer.name(), "median_ns", peer.median(), "ratio", peer.ratio()));
  }
}

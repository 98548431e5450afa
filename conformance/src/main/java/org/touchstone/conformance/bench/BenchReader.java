package org.touchstone.conformance.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.touchstone.backends.spi.LimitProbe.Limit;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads what {@link BenchReport#json()} wrote. */
public final class BenchReader {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private BenchReader() {}

  /**
   * Reads a report.
   *
   * @throws ConformanceException naming the file and what is wrong with it
   */
  public static BenchReport read(Path file) {
    try {
      JsonNode root = JSON.readTree(Files.readString(file));
      int schema = root.path("schema").asInt(-1);
      if (schema != BenchReport.SCHEMA || !root.has("workloads")) {
        throw wrong(file, "it has schema " + root.path("schema") + " and no workloads of schema 1");
      }
      Map<String, String> machine = new LinkedHashMap<>();
      root.path("machine")
          .properties()
          .forEach(e -> machine.put(e.getKey(), e.getValue().asString()));
      List<Measurement> measurements = new ArrayList<>();
      root.required("workloads").forEach(node -> measurements.add(measurement(node)));
      return new BenchReport(machine, measurements);
    } catch (NoSuchFileException e) {
      throw new ConformanceException(ExitCode.USAGE, file + ": no such file");
    } catch (IOException | JacksonException | IllegalArgumentException e) {
      throw wrong(file, String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
    }
  }

  /** Returns whether a file is a report of a benchmark rather than one of the suite. */
  public static boolean recognises(Path file) {
    try {
      return JSON.readTree(Files.readString(file)).has("workloads");
      // Whoever reads it as a report of the suite says what is wrong with it.
    } catch (IOException | JacksonException e) {
      return false;
    }
  }

  private static ConformanceException wrong(Path file, String what) {
    return new ConformanceException(
        ExitCode.USAGE, file + ": " + what + "; expected a report of 'bench --format json'");
  }

  private static Measurement measurement(JsonNode node) {
    Optional<Measurement.Times> times =
        node.has("median_ns")
            ? Optional.of(
                new Measurement.Times(
                    node.required("median_ns").asDouble(),
                    node.required("p10_ns").asDouble(),
                    node.required("p90_ns").asDouble(),
                    node.required("samples").asInt(),
                    node.required("discarded").asInt()))
            : Optional.empty();
    Optional<Measurement.Bound> bound =
        node.has("limit")
            ? Optional.of(
                new Measurement.Bound(
                    Limit.valueOf(
                        node.get("limit").required("kind").asString().toUpperCase(Locale.ROOT)),
                    node.get("limit").required("value").asDouble(),
                    node.required("of_limit").asDouble()))
            : Optional.empty();
    // Reports of earlier versions have none.
    Optional<Measurement.Memory> memory =
        node.has("workspace_bytes")
            ? Optional.of(
                new Measurement.Memory(
                    node.required("workspace_bytes").asLong(),
                    node.required("weights").asLong(),
                    node.required("weight_bytes").asLong()))
            : Optional.empty();
    Map<Limit, Double> limits = new EnumMap<>(Limit.class);
    bound.ifPresent(b -> limits.put(b.kind(), b.value()));
    node.path("limits")
        .properties()
        .forEach(
            e ->
                limits.put(
                    Limit.valueOf(e.getKey().toUpperCase(Locale.ROOT)), e.getValue().asDouble()));
    List<Measurement.PeerTime> peers = new ArrayList<>();
    node.path("peers").forEach(p -> peers.add(peer(p)));
    List<Measurement.Share> profile = new ArrayList<>();
    node.path("profile")
        .forEach(
            s ->
                profile.add(
                    new Measurement.Share(
                        s.required("method").asString(), s.required("share").asDouble())));
    return new Measurement(
        node.required("name").asString(),
        node.required("op").asString(),
        node.required("device").asString(),
        node.required("kernel").asString(),
        node.has("problem") ? Optional.of(node.get("problem").asString()) : Optional.empty(),
        times,
        times.map(t -> node.required("gflops").asDouble() * t.median()).orElse(0.0),
        times.map(t -> node.required("gbps").asDouble() * t.median()).orElse(0.0),
        limits,
        bound,
        memory,
        peers,
        profile);
  }

  private static Measurement.PeerTime peer(JsonNode node) {
    String name = node.required("name").asString();
    return node.has("problem")
        ? Measurement.PeerTime.wrong(name, node.get("problem").asString())
        : Measurement.PeerTime.of(
            name, node.required("median_ns").asDouble(), node.required("ratio").asDouble());
  }
}

package org.touchstone.conformance.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.MutantResult;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Metrics;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads reports of the formats {@code json} and {@code jsonl}. */
public final class ReportReader {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path file;
  private final List<CaseResult> results = new ArrayList<>();
  private final List<MutantResult> mutants = new ArrayList<>();
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();
  private Optional<ExitCode> exit = Optional.empty();

  private ReportReader(Path file) {
    this.file = file;
  }

  /**
   * Reads a report.
   *
   * @throws ConformanceException naming the file and what is wrong with it
   */
  public static ConformanceReport read(Path file) {
    ReportReader reader = new ReportReader(file);
    try {
      List<String> lines = Files.readAllLines(file);
      if (lines.isEmpty()) {
        throw reader.wrong("it is empty");
      }
      for (int i = 0; i < lines.size(); i++) {
        if (!lines.get(i).isBlank()) {
          reader.line(lines.get(i), i + 1);
        }
      }
    } catch (NoSuchFileException e) {
      throw new ConformanceException(ExitCode.USAGE, file + ": no such file");
    } catch (IOException e) {
      throw reader.wrong("it cannot be read: " + e);
    }
    return new ConformanceReport(
        reader.results,
        reader.mutants,
        reader.environment,
        reader.notes,
        reader.exit.orElseThrow(
            () ->
                reader.wrong(
                    "it has no summary, so the run that wrote it did not end; run again")));
  }

  private ConformanceException wrong(String what) {
    return new ConformanceException(
        ExitCode.USAGE,
        file + ": " + what + "; expected a report of 'conformance --format json' or jsonl");
  }

  private void line(String text, int number) {
    try {
      object(JSON.readTree(text));
    } catch (JacksonException | IllegalArgumentException e) {
      String detail = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw wrong("line " + number + " is not what was written: " + detail);
    }
  }

  private void object(JsonNode root) {
    int schema = root.path("schema").asInt(-1);
    if (schema != JsonReport.SCHEMA) {
      throw new IllegalArgumentException(
          "schema " + root.path("schema") + ", expected " + JsonReport.SCHEMA);
    }
    switch (root.path("type").asString("all")) {
      case "run" -> environment(root);
      case "result" -> results.add(result(root));
      case "summary" -> summary(root);
      case "all" -> {
        environment(root);
        root.required("results").forEach(row -> results.add(result(row)));
        summary(root);
      }
      default -> throw new IllegalArgumentException("type " + root.path("type"));
    }
  }

  private void environment(JsonNode root) {
    root.required("environment")
        .properties()
        .forEach(e -> environment.put(e.getKey(), e.getValue().asString()));
  }

  private void summary(JsonNode root) {
    int code = root.required("exit").asInt();
    exit =
        Optional.of(
            Arrays.stream(ExitCode.values())
                .filter(e -> e.code() == code)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("exit code " + code)));
    root.required("notes").forEach(note -> notes.add(note.asString()));
    root.required("mutants").required("matrix").forEach(m -> mutants.add(mutant(m)));
  }

  private static CaseResult result(JsonNode row) {
    return new CaseResult(
        text(row, "device"),
        text(row, "case"),
        text(row, "op"),
        Outcome.valueOf(text(row, "outcome").toUpperCase(Locale.ROOT)),
        text(row, "reason"),
        metrics(row),
        text(row, "kernel"),
        text(row, "traits"),
        row.required("ns").asLong());
  }

  private static Optional<Metrics> metrics(JsonNode row) {
    if (row.required("cosine").isNull()) {
      return Optional.empty();
    }
    return Optional.of(
        new Metrics(
            number(row, "maxErrorOverBound"),
            number(row, "nmse"),
            row.required("cosine").asDouble(),
            number(row, "ulp")));
  }

  /** Returns a metric; JSON has no word for those that are not finite. */
  private static double number(JsonNode row, String name) {
    JsonNode value = row.required(name);
    return value.isNull() ? Double.POSITIVE_INFINITY : value.asDouble();
  }

  private static MutantResult mutant(JsonNode node) {
    JsonNode killer = node.required("killer");
    return new MutantResult(
        text(node, "name"),
        text(node, "device"),
        text(node, "description"),
        text(node, "caughtBy"),
        killer.isNull() ? Optional.empty() : Optional.of(killer.asString()),
        text(node, "evidence"),
        node.required("casesRun").asInt());
  }

  private static String text(JsonNode node, String name) {
    return node.required(name).asString();
  }
}

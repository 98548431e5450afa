package org.touchstone.tools.arrow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Metrics;
import org.touchstone.tools.ArrowInJavaScript;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ArrowReportTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir Path folder;

  private static CaseResult row(int i, Outcome outcome, Optional<Metrics> metrics) {
    return new CaseResult(
        "cpu://simd",
        "add/x=" + i + ",\u00fc/random",
        "add",
        outcome,
        outcome == Outcome.PASS ? "" : "y[3] is \"wrong\"",
        metrics,
        "add.avx2",
        "F32",
        (1L << 40) + i);
  }

  @Test
  void anotherImplementationReadsEveryRow() throws Exception {
    ConformanceReport report =
        new ConformanceReport(
            List.of(
                row(1, Outcome.PASS, Optional.of(new Metrics(0.25, 1e-9, 0.75, 1.5))),
                row(2, Outcome.FAIL, Optional.of(new Metrics(Double.POSITIVE_INFINITY, 1, -1, 7))),
                row(3, Outcome.UNSUPPORTED, Optional.empty())),
            List.of(),
            Map.of("java", "25"),
            List.of("a note"),
            ExitCode.FAILURE);
    Path file = folder.resolve("report.arrow");
    try (OutputStream out = Files.newOutputStream(file)) {
      ArrowReport.write(report, out);
    }

    JsonNode table = ArrowInJavaScript.run("table", file.toAbsolutePath().toString());

    assertThat(table.path("rows").size()).isEqualTo(3);
    for (int i = 0; i < 3; i++) {
      CaseResult row = report.results().get(i);
      JsonNode read = table.path("rows").path(i);
      assertThat(read.path("device").asString()).isEqualTo(row.device());
      assertThat(read.path("case").asString()).isEqualTo(row.name());
      assertThat(read.path("outcome").asString()).isEqualTo(row.outcome().label());
      assertThat(read.path("reason").asString()).isEqualTo(row.reason());
      assertThat(read.path("ns").asString()).isEqualTo(Long.toString(row.nanos()));
      assertThat(read.path("repro").asString()).isEqualTo(row.repro());
    }
    assertThat(table.path("rows").path(0).path("nmse").asDouble()).isEqualTo(1e-9);
    assertThat(table.path("rows").path(1).path("maxErrorOverBound").asString())
        .isEqualTo("Infinity");
    assertThat(table.path("rows").path(2).path("ulp").isNull()).isTrue();
    JsonNode metadata = table.path("metadata");
    assertThat(metadata.path("schema").asString()).isEqualTo("1");
    assertThat(metadata.path("exit").asString()).isEqualTo("1");
    assertThat(JSON.readTree(metadata.path("environment").asString()).path("java").asString())
        .isEqualTo("25");
    assertThat(JSON.readTree(metadata.path("notes").asString()).path(0).asString())
        .isEqualTo("a note");
  }
}

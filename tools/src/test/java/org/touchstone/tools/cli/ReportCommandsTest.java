package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.backends.spi.LimitProbe.Limit;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.bench.BenchReport;
import org.touchstone.conformance.bench.Measurement;
import org.touchstone.conformance.report.ReportFormat;

/** The options that every command with a report shares, and the commands that read reports. */
class ReportCommandsTest {
  private static final CaseResult PASS =
      new CaseResult(
          "cpu://simd", "add/x=3/random", "add", Outcome.PASS, "", Optional.empty(), "", "", 7);

  @TempDir Path folder;

  private String report;

  @BeforeEach
  void writeReport() throws IOException {
    report = report("report.json", PASS);
  }

  private String report(String name, CaseResult row) throws IOException {
    ConformanceReport all =
        new ConformanceReport(
            List.of(row),
            List.of(),
            Map.of("file", name),
            List.of(),
            row.outcome().failing() ? ExitCode.FAILURE : ExitCode.OK);
    return Files.writeString(folder.resolve(name), ReportFormat.JSON.render(all)).toString();
  }

  private static Measurement measured(String name, Limit limit, double nanos) {
    return new Measurement(
        name,
        "gemm_bf16",
        "cpu://simd",
        "gemm.avx2",
        Optional.empty(),
        Optional.of(new Measurement.Times(nanos, nanos * 0.99, nanos * 1.01, 31, 0)),
        8e6,
        1e6,
        Map.of(limit, 2e10),
        Optional.of(new Measurement.Bound(limit, 2e10, 0.5)),
        Optional.empty(),
        List.of());
  }

  private String bench(String name, double nanos) throws IOException {
    BenchReport all =
        new BenchReport(
            Map.of("java", "25"),
            List.of(measured("small", Limit.MEMORY, 1e6), measured("large", Limit.F32, nanos)));
    return Files.writeString(folder.resolve(name), all.json()).toString();
  }

  @Test
  void arrowGoesWhereOutputSays() throws IOException {
    Path file = folder.resolve("report.arrow");

    Invocation run =
        Invocation.of("merge", report, "--format", "Arrow", "--output", file.toString());

    assertThat(run.exit()).as(run.err()).isZero();
    assertThat(new String(Files.readAllBytes(file), 0, 6, StandardCharsets.US_ASCII))
        .isEqualTo("ARROW1");
  }

  @Test
  void thePageShowsARooflineWhenThereAreFigures() throws IOException {
    Invocation without = Invocation.of("merge", report, "--format", "html");
    Invocation with =
        Invocation.of("merge", report, "--format", "html", "--bench", bench("bench.json", 1e6));

    assertThat(without.out()).contains("add/x=3/random").doesNotContain("class=\"roofline\"");
    assertThat(with.exit()).as(with.err()).isZero();
    assertThat(with.out()).contains("class=\"roofline\"", "large on cpu://simd");
  }

  @Test
  void wrongOptionsAreNamed() throws IOException {
    Invocation format = Invocation.of("merge", report, "--format", "pdf");
    assertThat(format.exit()).isEqualTo(2);
    assertThat(format.err()).contains("'pdf' is no format of reports");

    Invocation bench =
        Invocation.of("merge", report, "--format", "csv", "--bench", bench("bench.json", 1e6));
    assertThat(bench.exit()).isEqualTo(2);
    assertThat(bench.err()).contains("--bench is shown by --format html only, not by csv");

    Invocation file = Invocation.of("merge", report, "--format", "html", "--bench", report);
    assertThat(file.exit()).isEqualTo(2);
    assertThat(file.err()).contains(report, "bench --format json");
  }

  @Test
  void diffTellsAFailureAndWhatElseIsDifferent() throws IOException {
    String worse = report("worse.json", PASS.with(Outcome.FAIL, "y[0] is 1"));

    Invocation run = Invocation.of("diff", report, worse);

    assertThat(run.exit()).isEqualTo(1);
    assertThat(run.out())
        .contains("1 new failure", "pass -> fail: y[0] is 1", "environments differ")
        .contains("file: report.json -> worse.json");
    assertThat(Invocation.of("diff", worse, report).exit()).isZero();
  }

  @Test
  void diffComparesBenchmarks() throws IOException {
    Invocation run =
        Invocation.of("diff", bench("a.json", 1e6), bench("b.json", 1.5e6), "--format", "json");

    assertThat(run.exit()).isZero();
    assertThat(run.json().path("counts").path("slower").asInt()).isEqualTo(1);
    assertThat(run.json().path("changes").path(0).path("case").asString()).isEqualTo("large");
    Invocation mixed = Invocation.of("diff", bench("a.json", 1e6), report);
    assertThat(mixed.exit()).isEqualTo(2);
    assertThat(mixed.err()).contains("expected a report of 'bench --format json'");
  }
}

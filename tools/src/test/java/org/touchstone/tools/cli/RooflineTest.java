package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

/**
 * Figures that a benchmark wrote, in the page of a run: positions are read back from the drawing by
 * its own scales. No clock is asked.
 */
class RooflineTest {
  private static final String DEVICE = "cpu://simd";
  private static final double MEMORY = 16e9;
  private static final double PEAK = 128e9;

  /** A drawing has a tenth of a unit; a decade is about 200 of them. */
  private static final double DRAWN = 0.005;

  private static final Pattern CIRCLE =
      Pattern.compile("<circle cx=\"([\\d.]+)\" cy=\"([\\d.]+)\" r=\"4\"><title>(.*?)</title>");
  private static final Pattern ROOF =
      Pattern.compile("d=\"M([\\d.]+) ([\\d.]+)L([\\d.]+) ([\\d.]+)L([\\d.]+) ([\\d.]+)\"");
  private static final Pattern UPRIGHT =
      Pattern.compile("x1=\"([\\d.]+)\" y1=\"\\d+\" x2=\"\\1\".*?>([\\d.]+)</text>");
  private static final Pattern LEVEL =
      Pattern.compile("x1=\"\\d+\" y1=\"([\\d.]+)\" x2=\"\\d+\" y2=\"\\1\".*?>([\\d.]+)</text>");

  @TempDir private Path folder;
  private Path run;

  /** What lies between two lines of a logarithmic scale. */
  private record Scale(double from, double valueAtFrom, double to, double valueAtTo) {
    static Scale of(String drawing, Pattern lines) {
      List<MatchResult> found = lines.matcher(drawing).results().toList();
      assertThat(found).hasSizeGreaterThan(2);
      return new Scale(
          number(found.getFirst(), 1),
          number(found.getFirst(), 2),
          number(found.getLast(), 1),
          number(found.getLast(), 2));
    }

    double log10(double position) {
      double part = (position - from) / (to - from);
      return Math.log10(valueAtFrom) + part * Math.log10(valueAtTo / valueAtFrom);
    }
  }

  private static double number(MatchResult found, int group) {
    return Double.parseDouble(found.group(group));
  }

  private static Measurement measured(String name, double bytes, double operations, double nanos) {
    boolean memory = operations / bytes < PEAK / MEMORY;
    double limit = memory ? MEMORY : PEAK;
    return new Measurement(
        name,
        "gemm_bf16",
        DEVICE,
        "gemm.avx2",
        Optional.empty(),
        Optional.of(new Measurement.Times(nanos, nanos * 0.9, nanos * 1.1, 31, 2)),
        operations,
        bytes,
        Map.of(Limit.MEMORY, MEMORY, Limit.BF16, PEAK),
        Optional.of(
            new Measurement.Bound(memory ? Limit.MEMORY : Limit.BF16, limit, memory ? 0.5 : 0.75)),
        Optional.empty(),
        List.of());
  }

  private static Measurement wrong(String name) {
    return new Measurement(
        name,
        "add",
        DEVICE,
        "",
        Optional.of("y[0] is 1, expected 2"),
        Optional.empty(),
        0,
        0,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        List.of());
  }

  private Path bench(Measurement... measurements) throws IOException {
    BenchReport report = new BenchReport(Map.of("java", "25"), List.of(measurements));
    return Files.writeString(folder.resolve("bench.json"), report.json());
  }

  private String page(Path bench) {
    Invocation merged = Invocation.of("merge", run.toString(), "--format=html", "--bench=" + bench);
    assertThat(merged.exit()).as(merged.err()).isZero();
    return merged.out();
  }

  @BeforeEach
  void finishARun() throws IOException {
    CaseResult row =
        new CaseResult(
            DEVICE, "add/x=3/random", "add", Outcome.PASS, "", Optional.empty(), "add", "F32", 9);
    ConformanceReport report =
        new ConformanceReport(
            List.of(row), List.of(), Map.of("java", "25"), List.of(), ExitCode.OK);
    run = Files.writeString(folder.resolve("run.json"), ReportFormat.JSON.render(report));
  }

  @Test
  void everyFigureIsDrawnAtItsPlaceBelowTheProbedLimits() throws IOException {
    List<Measurement> measurements =
        List.of(
            measured("decode m=1", 8e6, 16e6, 1e6),
            measured("square m=512", 2e6, 512e6, 5_333_333),
            measured("small m=8", 4e6, 64e6, 2e6));
    Path bench = bench(measurements.get(0), measurements.get(1), measurements.get(2), wrong("bad"));
    String page = page(bench);

    int start = page.indexOf("class=\"roofline\"");
    assertThat(start).isPositive();
    String drawing = page.substring(start, page.indexOf("</svg>", start));
    assertThat(drawing)
        .contains("operations per byte", "GFLOP/s", "128 GFLOP/s, 16.0 GB/s")
        .doesNotContain("bad on");
    Scale across = Scale.of(drawing, UPRIGHT);
    Scale up = Scale.of(drawing, LEVEL);

    List<String> labels = new ArrayList<>();
    List<MatchResult> circles = CIRCLE.matcher(drawing).results().toList();
    assertThat(circles).hasSameSizeAs(measurements);
    for (int i = 0; i < circles.size(); i++) {
      Measurement m = measurements.get(i);
      MatchResult circle = circles.get(i);
      double intensity = m.operations() / m.bytes();
      double gigaflops = m.operations() / m.times().orElseThrow().median();
      assertThat(across.log10(number(circle, 1)))
          .as("operations per byte of %s", m.name())
          .isCloseTo(Math.log10(intensity), within(DRAWN));
      assertThat(up.log10(number(circle, 2)))
          .as("rate of %s", m.name())
          .isCloseTo(Math.log10(gigaflops), within(DRAWN));
      labels.add(circle.group(3));
    }
    assertThat(labels)
        .containsExactly(
            "decode m=1 on cpu://simd: 16.0 GFLOP/s, 8.0 GB/s",
            "square m=512 on cpu://simd: 96.0 GFLOP/s, 0.4 GB/s",
            "small m=8 on cpu://simd: 32.0 GFLOP/s, 2.0 GB/s");

    Matcher roof = ROOF.matcher(drawing);
    assertThat(roof.find()).isTrue();
    double[] at = new double[6];
    for (int i = 0; i < at.length; i++) {
      at[i] = (i % 2 == 0 ? across : up).log10(Double.parseDouble(roof.group(i + 1)));
    }
    // The slope: a rate in 10^9 per second is the operations per byte times 10^9 bytes per second.
    assertThat(at[1] - at[0]).isCloseTo(Math.log10(MEMORY / 1e9), within(DRAWN));
    assertThat(at[2]).as("the ridge").isCloseTo(Math.log10(PEAK / MEMORY), within(DRAWN));
    assertThat(at[3]).as("the peak").isCloseTo(Math.log10(PEAK / 1e9), within(DRAWN));
    assertThat(at[5]).isCloseTo(at[3], within(DRAWN));
  }

  @Test
  void withoutProbedLimitsThereIsNoRoof() throws IOException {
    assertThat(page(bench(wrong("bad")))).doesNotContain("class=\"roofline\"");
  }

  @Test
  void figuresGoWithPagesOnly() throws IOException {
    Path bench = bench(measured("decode m=1", 8e6, 16e6, 1e6));
    Invocation text = Invocation.of("merge", run.toString(), "--bench=" + bench);
    assertThat(text.exit()).isEqualTo(ExitCode.USAGE.code());
    assertThat(text.err()).contains("--bench is shown by --format html only");
    Invocation other = Invocation.of("merge", run.toString(), "--format=html", "--bench=" + run);
    assertThat(other.exit()).isEqualTo(ExitCode.USAGE.code());
    assertThat(other.err()).contains("expected a report of 'bench --format json'");
  }
}

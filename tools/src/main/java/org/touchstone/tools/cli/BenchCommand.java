package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.bench.BenchReport;
import org.touchstone.conformance.bench.BenchSuite;
import org.touchstone.conformance.bench.Benchmark;
import org.touchstone.conformance.bench.Measurement;
import org.touchstone.conformance.bench.Roofline;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Times operators. */
@Command(
    name = "bench",
    description =
        "Time operators at the sizes of released models, beside what the device can do at best,"
            + " probed between the samples. Results are judged before and after they are timed.")
final class BenchCommand extends ToolkitCommand {
  @Option(names = "--device", paramLabel = "URI", description = "Device; may be repeated.")
  private List<String> devices = new ArrayList<>();

  @Option(
      names = "--op",
      paramLabel = "NAME",
      description = "Workload, operator or family; may be repeated.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--samples",
      paramLabel = "N",
      description = "Samples per workload; " + BenchSuite.ROUNDS + " by default.")
  private int samples = BenchSuite.ROUNDS;

  @Option(names = "--peers", description = "Time other programs alternately.")
  private boolean peers;

  @Option(
      names = "--profile",
      description = "Sample which methods and native micro-kernels launches spend their time in.")
  private boolean profile;

  @Option(names = "--svg", paramLabel = "FILE", description = "Draw a roofline.")
  private Optional<Path> svg = Optional.empty();

  @Option(names = "--format", paramLabel = "FORMAT", description = "text (default) or json.")
  private TextOrJson format = TextOrJson.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    BenchReport report;
    try {
      report =
          BenchSuite.run(
              new BenchSuite.Request(
                  devices,
                  names,
                  samples,
                  peers ? BenchSuite.Peers.ALL : BenchSuite.Peers.NONE,
                  profile ? Benchmark.Profiling.METHODS : Benchmark.Profiling.NONE),
              m -> streams().err().println(m.device() + " " + m.name() + "  " + figure(m)));
    } catch (ConformanceException e) {
      throw new UsageException(e.getMessage(), e);
    }
    output.write(
        streams(),
        target -> {
          switch (format) {
            case TEXT -> {
              target.println(table(report));
              report.measurements().stream()
                  .filter(m -> !m.profile().isEmpty())
                  .forEach(m -> target.println(profile(m)));
            }
            case JSON -> target.print(report.json());
          }
        });
    if (svg.isPresent()) {
      draw(report, svg.get());
    }
    return report.complete() ? ExitCode.OK : ExitCode.FAILURE;
  }

  private void draw(BenchReport report, Path file) throws IOException {
    Optional<String> drawing = Roofline.svg(report.measurements());
    if (drawing.isEmpty()) {
      throw new UsageException(
          "--svg "
              + file
              + ": a roofline needs a workload bound by memory and one bound by arithmetic, both"
              + " with figures");
    }
    Files.writeString(file, drawing.get(), StandardCharsets.UTF_8);
  }

  private static Table table(BenchReport report) {
    Table table =
        new Table(
            "device",
            "workload",
            "kernel",
            "median",
            "p10..p90",
            "rate",
            "of limit",
            "memory",
            "peers");
    for (Measurement m : report.measurements()) {
      table.row(
          m.device(),
          m.name(),
          m.kernel(),
          median(m),
          spread(m),
          rate(m),
          share(m),
          memory(m),
          peers(m));
    }
    return table;
  }

  private static String figure(Measurement m) {
    return m.problem()
        .orElseGet(
            () ->
                Stream.of(median(m), rate(m), share(m), peers(m))
                    .filter(word -> !word.isEmpty())
                    .collect(Collectors.joining(", ")));
  }

  private static String median(Measurement m) {
    return m.times().map(t -> time(t.median())).orElseGet(() -> m.problem().orElse(""));
  }

  private static String spread(Measurement m) {
    return m.times().map(t -> time(t.p10()) + ".." + time(t.p90())).orElse("");
  }

  private static String time(double nanos) {
    return nanos < 1e6
        ? String.format(Locale.ROOT, "%.1f us", nanos / 1e3)
        : String.format(Locale.ROOT, "%.2f ms", nanos / 1e6);
  }

  private static String rate(Measurement m) {
    return m.times().isEmpty()
        ? ""
        : String.format(Locale.ROOT, "%.1f GFLOP/s, %.1f GB/s", m.gigaflops(), m.gigabytes());
  }

  private static String share(Measurement m) {
    return m.limit()
        .map(
            bound ->
                String.format(
                    Locale.ROOT,
                    "%.0f %% of %s (%.1f G/s)",
                    100 * bound.share(),
                    bound.kind().name().toLowerCase(Locale.ROOT),
                    bound.value() / 1e9))
        .orElse("");
  }

  private static String memory(Measurement m) {
    return m.memory()
        .map(
            use ->
                "workspace "
                    + mebibytes(use.workspace())
                    + (use.weights() == 0
                        ? ""
                        : String.format(
                            Locale.ROOT,
                            ", weights %s (%.2f bytes each)",
                            mebibytes(use.weightBytes()),
                            (double) use.weightBytes() / use.weights())))
        .orElse("");
  }

  private static Table profile(Measurement m) {
    Table table = new Table(m.device() + " " + m.name(), "samples");
    for (Measurement.Share share : m.profile()) {
      table.row(share.method(), String.format(Locale.ROOT, "%.0f %%", 100 * share.share()));
    }
    return table;
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 0x1p20);
  }

  private static String peers(Measurement m) {
    return m.peers().stream()
        .map(
            p ->
                p.problem()
                    .map(why -> p.name() + ": " + why)
                    .orElseGet(() -> String.format(Locale.ROOT, "%.2fx %s", p.ratio(), p.name())))
        .collect(Collectors.joining(", "));
  }
}

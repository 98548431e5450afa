package org.touchstone.tools.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.touchstone.backends.spi.TuningSpace;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.tune.TuningReport;
import org.touchstone.conformance.tune.TuningReport.Trial;
import org.touchstone.conformance.tune.TuningSuite;
import org.touchstone.conformance.tune.TuningWorkloads;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Searches sizes of kernels on a device. */
@Command(
    name = "tune",
    description =
        "Search the sizes of a device's kernels. A value is kept when its workloads become faster"
            + " and the conformance cases of every operator that depends on it pass; from then on"
            + " it counts for this device, driver and kernels.")
final class TuneCommand extends ToolkitCommand {
  private static final long BUDGET = 900;

  @Option(names = "--device", required = true, paramLabel = "URI", description = "Device.")
  private String device = "";

  @Option(
      names = "--op",
      paramLabel = "NAME",
      description = "Workload, operator or family to time; may be repeated.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--parameter",
      paramLabel = "NAME",
      description = "Search this parameter only; may be repeated.")
  private List<String> parameters = new ArrayList<>();

  @Option(
      names = "--time-budget",
      paramLabel = "SECONDS",
      description = "Start nothing after this time; " + BUDGET + " by default.")
  private long budget = BUDGET;

  @Option(
      names = "--export",
      paramLabel = "FILE",
      description = "Write the sizes to this JSON file instead of to this user's.")
  private Optional<Path> export = Optional.empty();

  @Option(
      names = "--import",
      paramLabel = "FILE",
      description =
          "Search nothing: judge the sizes in this file and keep them. Refused when they are of"
              + " another driver or other kernels.")
  private Optional<Path> adopted = Optional.empty();

  @Option(names = "--format", paramLabel = "FORMAT", description = "text (default) or json.")
  private TextOrJson format = TextOrJson.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    TuningSuite.Request request =
        new TuningSuite.Request(
            device,
            adopted.isPresent() ? List.of() : TuningWorkloads.of(names),
            parameters,
            Duration.ofSeconds(budget),
            export);
    TuningReport report =
        adopted.isPresent()
            ? TuningSuite.adopt(existing(adopted.get()), request)
            : TuningSuite.search(request, trial -> streams().err().println(line(trial)));
    output.write(
        streams(),
        target -> {
          switch (format) {
            case TEXT -> text(report, target);
            case JSON -> target.print(report.json());
          }
        });
    return report.outcome() == TuningReport.Outcome.REFUSED ? ExitCode.FAILURE : ExitCode.OK;
  }

  private static Path existing(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new UsageException("--import " + file + ": no such file");
    }
    return file;
  }

  private static String line(Trial trial) {
    return trial.parameter()
        + "="
        + trial.value()
        + "  "
        + trial.judgement().name().toLowerCase(Locale.ROOT).replace('_', ' ')
        + trial.ratio().map(r -> String.format(Locale.ROOT, ", time x %.2f", r)).orElse("")
        + (trial.detail().isEmpty() ? "" : ", " + trial.detail());
  }

  private static void text(TuningReport report, PrintStream out) {
    if (!report.gains().isEmpty()) {
      Table table = new Table("workload", "before", "after", "ratio");
      for (TuningSpace.Gain gain : report.gains()) {
        table.row(
            gain.workload(),
            microseconds(gain.before()),
            microseconds(gain.after()),
            String.format(Locale.ROOT, "%.2f", gain.after() / gain.before()));
      }
      out.println(table);
      out.println();
    }
    report.sizes().forEach((name, value) -> out.println(name + " = " + value));
    report.notes().forEach(out::println);
    out.println(report.device() + ": sizes " + report.outcome().name().toLowerCase(Locale.ROOT));
  }

  private static String microseconds(double nanos) {
    return String.format(Locale.ROOT, "%.1f us", nanos / 1e3);
  }
}

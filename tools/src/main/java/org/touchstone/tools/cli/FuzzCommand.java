package org.touchstone.tools.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.cases.Level;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs random cases. */
@Command(
    name = "fuzz",
    description =
        "Run random cases: valid ones of random sizes and placement, mistakes in arguments, and"
            + " changed specs. Failures are shrunk and repeated by name with 'conformance --case'.")
final class FuzzCommand extends ToolkitCommand {
  private static final long MOST = 1_000_000;

  @Mixin private SuiteDevices where = new SuiteDevices();

  @Mixin private OpChoice operators = new OpChoice();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "What is drawn; the time by default. Printed with every report.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--cases",
      paramLabel = "N",
      description = "Cases per device; 1000 by default, no end with a time budget.")
  private Optional<Long> cases = Optional.empty();

  @Option(names = "--time-budget", paramLabel = "SECONDS", description = "Time per device.")
  private Optional<Long> timeBudget = Optional.empty();

  @Option(
      names = "--case-timeout",
      paramLabel = "SECONDS",
      description = "Time limit of one case; 60 by default.")
  private long caseTimeout = 60;

  @Mixin private ReportOutput output = new ReportOutput();

  @Override
  ExitCode execute() throws IOException {
    long drawn = seed.orElseGet(() -> System.currentTimeMillis() & 0xFFFF_FFFFL);
    long most = cases.orElse(timeBudget.isPresent() ? MOST : 1000);
    ConformanceRequest.Builder builder =
        where.request().level(Level.L3).caseTimeout(Duration.ofSeconds(caseTimeout));
    operators.ops().forEach(builder::op);
    timeBudget.ifPresent(seconds -> builder.timeBudget(Duration.ofSeconds(seconds)));
    output.check();
    ConformanceReport report = run(builder.build(), drawn, (int) Math.min(most, MOST));
    output.write(streams(), report);
    return report.exit();
  }

  private ConformanceReport run(ConformanceRequest request, long drawn, int most)
      throws IOException {
    streams().err().println("touchstone: random cases of seed " + drawn);
    try (SuiteProgress watch = new SuiteProgress(streams())) {
      return ConformanceSuite.fuzz(request, drawn, most, watch);
    }
  }
}

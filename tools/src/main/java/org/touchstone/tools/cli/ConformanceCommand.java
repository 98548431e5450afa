package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Shard;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs the conformance suite. */
@Command(
    name = "conformance",
    description =
        "Prove, element by element, that devices compute what the reference computes. Without"
            + " options: level L1 on every device that may be chosen automatically.")
final class ConformanceCommand extends ToolkitCommand {
  @Mixin private SuiteDevices where = new SuiteDevices();

  @Mixin private CaseChoice cases = new CaseChoice();

  @Option(
      names = "--prove",
      description =
          "Prove the suite instead: every seeded defect must be caught. --case then names a defect,"
              + " * standing for any text.")
  private boolean prove;

  @Option(
      names = "--require",
      paramLabel = "URI",
      description = "Fail with exit code 3 unless this device is ready; may be repeated.")
  private List<String> required = new ArrayList<>();

  @Option(
      names = "--skip-budget",
      paramLabel = "N",
      description = "Fail with exit code 4 when more than N cases are skipped.")
  private Optional<Integer> skipBudget = Optional.empty();

  @Option(
      names = "--max-elements",
      paramLabel = "N",
      description =
          "Leave out cases with more than N elements in all tensors together. Very slow devices"
              + " have a limit of their own.")
  private Optional<Long> maxElements = Optional.empty();

  @Option(
      names = "--shard",
      paramLabel = "I/N",
      description =
          "Run the I-th of N parts of the cases, or with --prove of the defects; 'merge' joins"
              + " their JSON reports.")
  private Optional<String> shard = Optional.empty();

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Cases that run at once on one device; 1 by default.")
  private int threads = 1;

  @Option(
      names = "--case-timeout",
      paramLabel = "SECONDS",
      description = "Time limit of one case; 120 by default.")
  private long caseTimeout = 120;

  @Option(
      names = "--time-budget",
      paramLabel = "SECONDS",
      description = "Time limit of the run; what is left is skipped and counted.")
  private Optional<Long> timeBudget = Optional.empty();

  @Option(
      names = "--journal",
      paramLabel = "FILE",
      description = "Record finished cases; a run that finds the file goes on. Implies --isolate.")
  private Optional<Path> journal = Optional.empty();

  @Option(
      names = "--expectations",
      paramLabel = "FILE",
      description = "Expected outcomes beside those of the backends; may be repeated.")
  private List<Path> expectations = new ArrayList<>();

  @Mixin private ReportOutput output = new ReportOutput();

  @Override
  ExitCode execute() throws IOException {
    output.check();
    ConformanceReport report = run(request());
    output.write(streams(), report);
    return report.exit();
  }

  /** Runs with progress on stderr, which ends before the report begins. */
  private ConformanceReport run(ConformanceRequest request) throws IOException {
    try (SuiteProgress watch = new SuiteProgress(streams())) {
      return ConformanceSuite.run(request, watch);
    }
  }

  private ConformanceRequest request() {
    ConformanceRequest.Builder builder =
        where
            .request()
            .level(cases.level())
            .proof(prove ? ConformanceRequest.Proof.MUTANTS : ConformanceRequest.Proof.NONE);
    cases.ops().forEach(builder::op);
    required.forEach(builder::require);
    cases.caseName().ifPresent(builder::caseName);
    skipBudget.ifPresent(builder::skipBudget);
    maxElements.ifPresent(builder::mostElements);
    shard.map(Shard::of).ifPresent(builder::shard);
    builder.threads(threads).caseTimeout(Duration.ofSeconds(caseTimeout));
    timeBudget.ifPresent(seconds -> builder.timeBudget(Duration.ofSeconds(seconds)));
    journal.ifPresent(file -> builder.journal(file).isolation(ConformanceRequest.Isolation.WORKER));
    expectations.forEach(builder::expectations);
    return builder.build();
  }
}

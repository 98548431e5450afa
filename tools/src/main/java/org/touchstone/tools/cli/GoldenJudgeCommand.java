package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.KernelTraits;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.Counters;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.golden.GoldenSuite;
import org.touchstone.tools.golden.GoldenFolder;
import org.touchstone.tools.golden.TraitsFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Judges outputs that another program computed. */
@Command(
    name = "judge",
    description =
        "Judge DIR/outputs. A case without a file is skipped and counted; when none is there,"
            + " nothing is proven and the exit code is 1.")
final class GoldenJudgeCommand extends ToolkitCommand {
  @Parameters(index = "0", paramLabel = "DIR", description = "Folder that 'golden export' wrote.")
  private Path folder = Path.of("");

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Who computed them, for the report; 'golden' by default.")
  private String name = "golden";

  @Option(
      names = "--traits",
      paramLabel = "FILE",
      description = "What the kernels declare, as JSON; a plain FP32 kernel by default.")
  private Optional<Path> traitsFile = Optional.empty();

  @Mixin private ReportOutput output = new ReportOutput();

  @Override
  ExitCode execute() throws IOException {
    try (GoldenSuite suite = new GoldenSuite()) {
      output.check();
      KernelTraits traits =
          traitsFile.isPresent() ? TraitsFile.read(traitsFile.get()) : KernelTraits.PLAIN_F32;
      GoldenFolder golden = new GoldenFolder(folder);
      List<CaseResult> rows = new ArrayList<>();
      for (GoldenFolder.Entry entry : golden.entries()) {
        rows.add(golden.judge(entry, suite, name, traits));
      }
      ConformanceReport report = report(rows, traits);
      output.write(streams(), report);
      return report.exit();
    } catch (ConformanceException | IllegalArgumentException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }

  private static ConformanceReport report(List<CaseResult> rows, KernelTraits traits) {
    Counters counters = Counters.of(rows);
    boolean nothing = counters.executed() == 0;
    return new ConformanceReport(
        rows,
        List.of(),
        Map.of("traits", traits.toString()),
        nothing ? List.of("no output was found, so nothing is proven") : List.of(),
        nothing || counters.failing() > 0 ? ExitCode.FAILURE : ExitCode.OK);
  }
}

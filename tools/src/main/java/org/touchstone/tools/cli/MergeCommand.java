package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.report.ReportMerge;
import org.touchstone.conformance.report.ReportReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Joins reports. */
@Command(
    name = "merge",
    description =
        "Join reports of 'conformance --format json' or jsonl, of shards or of devices, into one of"
            + " any format. One file converts. The exit code is the worst of theirs.")
final class MergeCommand extends ToolkitCommand {
  @Parameters(arity = "1..*", paramLabel = "FILE", description = "Reports, json or jsonl.")
  private List<Path> files = List.of();

  @Mixin private ReportOutput output = new ReportOutput();

  @Override
  ExitCode execute() throws IOException {
    try {
      output.check();
      ConformanceReport report = ReportMerge.of(files.stream().map(ReportReader::read).toList());
      output.write(streams(), report);
      return report.exit();
    } catch (ConformanceException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }
}

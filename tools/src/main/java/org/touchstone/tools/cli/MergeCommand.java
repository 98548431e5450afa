package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.report.ReportFormat;
import org.touchstone.conformance.report.ReportMerge;
import org.touchstone.conformance.report.ReportReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
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

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "text (default), json, jsonl, csv, junit, md, html or badge.")
  private ReportFormat format = ReportFormat.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    try {
      ConformanceReport report = ReportMerge.of(files.stream().map(ReportReader::read).toList());
      output.write(streams(), target -> format.write(report, target));
      return report.exit();
    } catch (ConformanceException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }
}

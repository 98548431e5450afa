package org.touchstone.tools.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.bench.BenchReader;
import org.touchstone.conformance.report.BenchDiff;
import org.touchstone.conformance.report.ReportDiff;
import org.touchstone.conformance.report.ReportReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Compares two reports. */
@Command(
    name = "diff",
    description =
        "Compare two reports of 'conformance --format json' or jsonl, or two of 'bench --format"
            + " json': new failures, cases that no longer run, errors that grew, what became slower"
            + " or faster beyond noise, what was fixed. The exit code is 1 when something is wrong"
            + " that was not before.")
final class DiffCommand extends ToolkitCommand {
  @Parameters(index = "0", paramLabel = "BEFORE", description = "The earlier report.")
  private Path before = Path.of("");

  @Parameters(index = "1", paramLabel = "AFTER", description = "The later report.")
  private Path after = Path.of("");

  @Option(names = "--format", paramLabel = "FORMAT", description = "text (default) or json.")
  private TextOrJson format = TextOrJson.TEXT;

  @Mixin private Output output = new Output();

  @Override
  ExitCode execute() throws IOException {
    ReportDiff diff;
    try {
      diff =
          BenchReader.recognises(before)
              ? BenchDiff.of(BenchReader.read(before), BenchReader.read(after))
              : ReportDiff.of(ReportReader.read(before), ReportReader.read(after));
    } catch (ConformanceException e) {
      throw new UsageException(e.getMessage(), e);
    }
    output.write(
        streams(),
        target -> {
          switch (format) {
            case TEXT -> text(diff, target);
            case JSON -> json(diff, target);
          }
        });
    return diff.regressed() ? ExitCode.FAILURE : ExitCode.OK;
  }

  private static void text(ReportDiff diff, PrintStream out) {
    for (ReportDiff.Kind kind : ReportDiff.Kind.values()) {
      List<ReportDiff.Change> changes = diff.of(kind);
      if (!changes.isEmpty()) {
        out.println(changes.size() + " " + kind.label());
        changes.forEach(c -> out.println("  " + c.device() + " " + c.name() + "  " + c.detail()));
      }
    }
    if (diff.changes().isEmpty()) {
      out.println("no difference");
    }
    if (!diff.environment().isEmpty()) {
      out.println("environments differ");
      diff.environment().forEach(line -> out.println("  " + line));
    }
  }

  private static void json(ReportDiff diff, PrintStream out) {
    ObjectNode document = JsonText.document().put("regressed", diff.regressed());
    ObjectNode counts = document.putObject("counts");
    for (ReportDiff.Kind kind : ReportDiff.Kind.values()) {
      counts.put(kind.label(), diff.of(kind).size());
    }
    ArrayNode environment = document.putArray("environment");
    diff.environment().forEach(environment::add);
    ArrayNode changes = document.putArray("changes");
    for (ReportDiff.Change change : diff.changes()) {
      changes
          .addObject()
          .put("kind", change.kind().label())
          .put("device", change.device())
          .put("case", change.name())
          .put("detail", change.detail());
    }
    JsonText.write(document, out);
  }
}

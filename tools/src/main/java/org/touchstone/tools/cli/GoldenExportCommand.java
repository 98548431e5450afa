package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.golden.GoldenSuite;
import org.touchstone.tools.golden.GoldenFolder;
import org.touchstone.tools.golden.GoldenFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes golden cases. */
@Command(
    name = "export",
    description =
        "Write cases to DIR: inputs, one right answer, the exact values and their bounds. Put"
            + " outputs/N.arrow or outputs/N.safetensors beside them, with arrays named as the"
            + " output slots.")
final class GoldenExportCommand extends ToolkitCommand {
  @Parameters(index = "0", paramLabel = "DIR", description = "Folder to write.")
  private Path folder = Path.of("");

  @Mixin private CaseChoice cases = new CaseChoice();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "arrow (default) or safetensors.")
  private GoldenFormat format = GoldenFormat.ARROW;

  @Override
  ExitCode execute() throws IOException {
    GoldenFolder target = new GoldenFolder(folder);
    if (target.exists()) {
      throw new UsageException(folder + ": holds golden cases already; choose another folder");
    }
    try {
      List<String> names =
          cases
              .caseName()
              .map(name -> List.of(GoldenSuite.known(name)))
              .orElseGet(() -> GoldenSuite.names(cases.level(), cases.ops()));
      try (GoldenSuite suite = new GoldenSuite();
          Progress progress = new Progress(streams(), "cases", names.size())) {
        target.write(names, suite, format, progress::done);
      }
      streams().err().println(names.size() + " cases in " + folder);
      return ExitCode.OK;
    } catch (ConformanceException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }
}

package org.touchstone.tools.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.golden.GoldenSuite;
import org.touchstone.tools.golden.GoldenFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes golden cases. */
@Command(
    name = "export",
    description =
        "Write cases to DIR: inputs, one right answer, the exact values and their bounds. Put"
            + " outputs/N.safetensors beside them, with tensors named as the output slots.")
final class GoldenExportCommand extends ToolkitCommand {
  @Parameters(index = "0", paramLabel = "DIR", description = "Folder to write.")
  private Path folder = Path.of("");

  @Option(
      names = "--op",
      paramLabel = "NAME",
      description = "Operator or family; may be repeated; all by default.")
  private List<String> ops = new ArrayList<>();

  @Option(names = "--level", paramLabel = "LEVEL", description = "L0 to L3; L1 by default.")
  private Level level = Level.L1;

  @Option(names = "--case", paramLabel = "NAME", description = "Write this case only.")
  private Optional<String> caseName = Optional.empty();

  @Override
  ExitCode execute() throws IOException {
    GoldenFolder target = new GoldenFolder(folder);
    if (target.exists()) {
      throw new UsageException(folder + ": holds golden cases already; choose another folder");
    }
    try {
      List<String> names =
          caseName
              .map(name -> List.of(GoldenSuite.known(name)))
              .orElseGet(() -> GoldenSuite.names(level, ops));
      try (GoldenSuite suite = new GoldenSuite();
          Progress progress = new Progress(streams(), "cases", names.size())) {
        target.write(names, suite, progress::done);
      }
      streams().err().println(names.size() + " cases in " + folder);
      return ExitCode.OK;
    } catch (ConformanceException e) {
      throw new UsageException(e.getMessage(), e);
    }
  }
}

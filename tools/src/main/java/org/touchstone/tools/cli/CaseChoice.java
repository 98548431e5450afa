package org.touchstone.tools.cli;

import java.util.List;
import java.util.Optional;
import org.touchstone.conformance.cases.Level;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that choose cases of the suite. */
final class CaseChoice {
  @Option(
      names = "--level",
      paramLabel = "LEVEL",
      description =
          "L0 formats and memory, L1 core shapes (default), L2 everything, L3 stress; each includes"
              + " the ones before.")
  private Level level = Level.L1;

  @Mixin private OpChoice ops = new OpChoice();

  @Option(
      names = "--case",
      paramLabel = "NAME",
      description = "This case only, whatever its level.")
  private Optional<String> caseName = Optional.empty();

  Level level() {
    return level;
  }

  List<String> ops() {
    return ops.ops();
  }

  Optional<String> caseName() {
    return caseName;
  }
}

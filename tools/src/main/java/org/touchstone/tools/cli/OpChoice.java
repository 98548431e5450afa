package org.touchstone.tools.cli;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The option that chooses operators. */
final class OpChoice {
  @Option(
      names = "--op",
      paramLabel = "NAME",
      description = "Operator or family; may be repeated; all by default.")
  private List<String> ops = new ArrayList<>();

  List<String> ops() {
    return ops;
  }
}

package org.touchstone.tools.cli;

import picocli.CommandLine.Option;

/** The option that every command has. */
final class HelpOption {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Print this help to stdout and exit.")
  private boolean requested;

  boolean requested() {
    return requested;
  }
}

package org.touchstone.tools;

/** Starts the {@code touchstone} command line. */
public final class Main {
  private static final String USAGE =
      """
      usage: touchstone COMMAND [OPTION...]

      commands: devices, explain, conformance, bench, run, parity, golden, diff, doctor, env
      """;

  private Main() {}

  /**
   * Runs one command.
   *
   * @param args the command and its options
   */
  public static void main(String[] args) {
    System.err.print(USAGE);
    System.exit(2);
  }
}

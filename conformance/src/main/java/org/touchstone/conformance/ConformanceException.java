package org.touchstone.conformance;

/** Says why a request cannot be carried out; no case was run. */
public final class ConformanceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ExitCode exit;

  /** Creates the failure. */
  public ConformanceException(ExitCode exit, String message) {
    super(message);
    this.exit = exit;
  }

  /** Returns what the process should exit with. */
  public ExitCode exit() {
    return exit;
  }
}

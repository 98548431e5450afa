package org.touchstone.tools.cli;

/** Exit codes of the command line. */
public enum Exit {
  /** Everything went well. */
  OK(0),
  /** A case failed, or a device computed something wrong. */
  FAILURE(1),
  /** The request makes no sense: an unknown option, device or file, or a model that cannot be run. */
  USAGE(2),
  /** A device that was demanded is missing, or none can do what was asked. */
  DEVICE_MISSING(3),
  /** More cases were skipped than the budget allows. */
  SKIP_BUDGET(4),
  /** A defect of the program. */
  INTERNAL(70);

  private final int code;

  Exit(int code) {
    this.code = code;
  }

  /** Returns the process's exit code. */
  public int code() {
    return code;
  }
}

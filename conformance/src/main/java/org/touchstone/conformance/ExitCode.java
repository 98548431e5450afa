package org.touchstone.conformance;

/** Exit codes of the suite. */
public enum ExitCode {
  /** Every executed case is right. */
  OK(0),
  /** A case failed, or passed unexpectedly, or a defect survived. */
  FAILURE(1),
  /** The request makes no sense: an unknown operator, case or device, or nothing to execute. */
  USAGE(2),
  /** A required device is missing. */
  DEVICE_MISSING(3),
  /** More cases were skipped than the budget allows. */
  SKIP_BUDGET(4),
  /** The suite itself failed. */
  INTERNAL(70);

  private final int code;

  ExitCode(int code) {
    this.code = code;
  }

  /** Returns the process's exit code. */
  public int code() {
    return code;
  }
}

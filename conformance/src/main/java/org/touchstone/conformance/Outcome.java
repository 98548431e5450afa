package org.touchstone.conformance;

import java.util.Locale;

/** What became of a case. */
public enum Outcome {
  /** Everything was right. */
  PASS,
  /** Something was wrong. */
  FAIL,
  /** The device refuses the spec, with a reason. */
  UNSUPPORTED,
  /** It failed, as the expectations say. */
  XFAIL,
  /** It passed although the expectations say that it fails; the line must go. */
  XPASS,
  /** It was not run, with a reason. */
  SKIPPED,
  /** The device or its process died. */
  CRASHED,
  /** It did not end in time. */
  TIMEOUT,
  /** Memory was exhausted. */
  OOM,
  /** It failed, and passed when it was repeated. */
  FLAKY;

  /** Returns the name within reports, for example {@code xpass}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns whether the case ran. */
  public boolean executed() {
    return this != UNSUPPORTED && this != SKIPPED;
  }

  /** Returns whether the outcome makes the run fail. */
  public boolean failing() {
    return switch (this) {
      case PASS, UNSUPPORTED, XFAIL, SKIPPED -> false;
      case FAIL, XPASS, CRASHED, TIMEOUT, OOM, FLAKY -> true;
    };
  }
}

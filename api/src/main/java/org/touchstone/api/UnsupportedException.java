package org.touchstone.api;

/**
 * Reports that a device cannot run a spec, with the same {@link Reason} that {@link Device#support}
 * gives.
 */
public final class UnsupportedException extends HalException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** Creates the failure for an operator on a device. */
  public UnsupportedException(Reason reason, String operator, String device) {
    super(
        ErrorCode.UNSUPPORTED,
        reason.code() + ": " + reason.detail(),
        operator,
        device,
        reason.remedy(),
        null);
    this.reason = reason;
  }

  /** Returns why the device cannot run the spec. */
  public Reason reason() {
    return reason;
  }
}

package org.touchstone.api;

/** Reports that no device satisfies a {@link Selection}; the message is the decision table. */
public final class NoDeviceException extends HalException {
  private static final long serialVersionUID = 1L;

  private final transient Decision decision;

  /** Creates the failure for a decision that chose nothing. */
  public NoDeviceException(Decision decision) {
    super(ErrorCode.NO_DEVICE, "no device satisfies the selection\n" + decision.table());
    this.decision = decision;
  }

  /** Returns every candidate with the reason why it was not chosen. */
  public Decision decision() {
    return decision;
  }
}

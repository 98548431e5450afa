package org.touchstone.api;

import java.io.Serializable;

/**
 * Says why something was not taken: a stable code, the facts of this instance and a remedy.
 *
 * @param code the stable code
 * @param detail the facts: what, expected against actual
 * @param remedy what the user can do next
 */
public record Reason(ReasonCode code, String detail, String remedy) implements Serializable {
  /** Rejects blank texts: a reason without facts or remedy is none. */
  public Reason {
    if (detail.isBlank() || remedy.isBlank()) {
      throw new HalException(
          ErrorCode.INTERNAL, "a reason needs a detail and a remedy, code " + code);
    }
  }

  /** Creates a reason with the code's own remedy. */
  public static Reason of(ReasonCode code, String detail) {
    return new Reason(code, detail, code.remedy());
  }

  /** Creates a reason with a remedy that fits this instance better than the code's own. */
  public static Reason of(ReasonCode code, String detail, String remedy) {
    return new Reason(code, detail, remedy);
  }

  @Override
  public String toString() {
    return code + ": " + detail + " (" + remedy + ")";
  }
}

package org.touchstone.conformance.cases;

/** How the tensors of a case lie in their buffers. */
public enum Placement {
  /** Without gaps, at the start of an aligned buffer. */
  DENSE(""),
  /** Rows of a larger tensor, wherever the signature allows strides. */
  GAPS("strided"),
  /** Without gaps, one element behind the start of the buffer. */
  OFFSET("offset");

  private final String label;

  Placement(String label) {
    this.label = label;
  }

  /** Returns the name within case names; empty for the usual placement. */
  public String label() {
    return label;
  }
}

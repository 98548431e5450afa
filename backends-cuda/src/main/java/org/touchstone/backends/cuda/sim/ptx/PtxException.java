package org.touchstone.backends.cuda.sim.ptx;

/** PTX text that cannot be read, or that says something this simulator does not know. */
public final class PtxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int line;

  /**
   * Names the place.
   *
   * @param line the line of the PTX text, from 1
   */
  public PtxException(int line, String message) {
    super("ptx line " + line + ": " + message);
    this.line = line;
  }

  /** Returns the line of the PTX text, from 1. */
  public int line() {
    return line;
  }
}

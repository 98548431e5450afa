package org.touchstone.backends.cuda.compiler;

/** NVRTC could not be called, or a source does not compile. */
public final class NvrtcException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception. */
  public NvrtcException(String message) {
    super(message);
  }
}

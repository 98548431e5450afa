package org.touchstone.backends.cuda.driver;

/** A call of the driver API that did not succeed. */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Name of the call. */
  private final String call;

  /** Status as a number. */
  private final int code;

  /**
   * Creates the exception.
   *
   * @param call name of the driver call, for example {@code cuMemAlloc}
   * @param code the number that the driver returned
   * @param detail what the driver says about it, with the name of the status
   */
  public CudaException(String call, int code, String detail) {
    super(call + " failed with " + code + ": " + detail);
    this.call = call;
    this.code = code;
  }

  /** Creates the exception for a status that is known by name. */
  public CudaException(String call, CudaResult result, String detail) {
    this(call, result.code(), "CUDA_ERROR_" + result + ": " + detail);
  }

  /** Returns the name of the driver call. */
  public String call() {
    return call;
  }

  /** Returns the number that the driver returned. */
  public int code() {
    return code;
  }

  /** Returns the status, {@link CudaResult#UNKNOWN} where it is not listed. */
  public CudaResult result() {
    return CudaResult.of(code);
  }
}

package org.touchstone.backends.cuda.driver;

/** What can be asked of a kernel ({@code CUfunction_attribute} of {@code cuda.h}). */
public enum FunctionAttribute {
  /** Threads of a block at most, given the kernel's registers and the device. */
  MAX_THREADS_PER_BLOCK(0),
  /** Bytes of static shared memory. */
  SHARED_SIZE_BYTES(1),
  /** Bytes of constant memory. */
  CONST_SIZE_BYTES(2),
  /** Bytes of local memory per thread, spills included. */
  LOCAL_SIZE_BYTES(3),
  /** Registers per thread. */
  NUM_REGS(4),
  /** PTX version that it was compiled from, 10 · major + minor. */
  PTX_VERSION(5),
  /** Architecture that it was compiled for, 10 · major + minor. */
  BINARY_VERSION(6),
  /** Dynamic shared memory that a launch may ask for; settable. */
  MAX_DYNAMIC_SHARED_SIZE_BYTES(8),
  /** Share of the first-level cache that becomes shared memory, in percent; settable. */
  PREFERRED_SHARED_MEMORY_CARVEOUT(9);

  private final int code;

  FunctionAttribute(int code) {
    this.code = code;
  }

  /** Returns the number of {@code cuda.h}. */
  public int code() {
    return code;
  }
}

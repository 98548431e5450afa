package org.touchstone.backends.cuda.driver;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Status codes of the CUDA driver API ({@code CUresult} of {@code cuda.h}) that are acted upon. */
public enum CudaResult {
  /** The call succeeded. */
  SUCCESS(0),
  /** An argument is outside its range. */
  INVALID_VALUE(1),
  /** No memory is left. */
  OUT_OF_MEMORY(2),
  /** {@code cuInit} was not called or failed. */
  NOT_INITIALIZED(3),
  /** The driver is shutting down. */
  DEINITIALIZED(4),
  /** The library is the toolkit's link-time stand-in, not a driver. */
  STUB_LIBRARY(34),
  /** The device cannot be used now, for example in exclusive-process mode by another process. */
  DEVICE_UNAVAILABLE(46),
  /** The machine has no CUDA device. */
  NO_DEVICE(100),
  /** The ordinal names no device. */
  INVALID_DEVICE(101),
  /** The module holds no image that loads. */
  INVALID_IMAGE(200),
  /** No context is current, or it was destroyed. */
  INVALID_CONTEXT(201),
  /** The image holds no code for this device. */
  NO_BINARY_FOR_GPU(209),
  /** An error-correction failure that could not be corrected. */
  ECC_UNCORRECTABLE(214),
  /** The PTX does not assemble. */
  INVALID_PTX(218),
  /** The PTX just-in-time compiler is missing. */
  JIT_COMPILER_NOT_FOUND(221),
  /** The PTX is of a version that this driver does not know. */
  UNSUPPORTED_PTX_VERSION(222),
  /** A file or a symbol's source is not to be had. */
  INVALID_SOURCE(300),
  /** A shared object lacks a symbol. */
  SHARED_OBJECT_SYMBOL_NOT_FOUND(302),
  /** The handle is of nothing that lives. */
  INVALID_HANDLE(400),
  /** The resource is in a state that forbids the call. */
  ILLEGAL_STATE(401),
  /** The named symbol does not exist. */
  NOT_FOUND(500),
  /** Asynchronous work is not done yet; no error. */
  NOT_READY(600),
  /** A kernel touched memory outside every allocation. */
  ILLEGAL_ADDRESS(700),
  /** A launch asks for more threads, registers or shared memory than there are. */
  LAUNCH_OUT_OF_RESOURCES(701),
  /** A kernel ran longer than the watchdog allows. */
  LAUNCH_TIMEOUT(702),
  /** A kernel ran into {@code assert} or {@code trap}. */
  ASSERT(710),
  /** A kernel's stack failed. */
  HARDWARE_STACK_ERROR(714),
  /** A kernel ran into an instruction that does not exist. */
  ILLEGAL_INSTRUCTION(715),
  /** A kernel accessed memory at an address that is not aligned. */
  MISALIGNED_ADDRESS(716),
  /** A kernel used an instruction on memory of the wrong space. */
  INVALID_ADDRESS_SPACE(717),
  /** A kernel jumped to an address that holds no instruction. */
  INVALID_PC(718),
  /** A kernel failed. */
  LAUNCH_FAILED(719),
  /** The caller may not do this. */
  NOT_PERMITTED(800),
  /** The device or the driver cannot do this. */
  NOT_SUPPORTED(801),
  /** The driver cannot be reached or is of another version than the kernel module. */
  SYSTEM_DRIVER_MISMATCH(803),
  /** Some other error. */
  UNKNOWN(999);

  private static final Map<Integer, CudaResult> BY_CODE =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(CudaResult::code, Function.identity()));

  private final int code;

  CudaResult(int code) {
    this.code = code;
  }

  /** Returns the number of {@code cuda.h}. */
  public int code() {
    return code;
  }

  /** Returns the result of a number, {@link #UNKNOWN} for numbers that are not listed here. */
  public static CudaResult of(int code) {
    return BY_CODE.getOrDefault(code, UNKNOWN);
  }

  /**
   * Returns whether the context is lost: every later call on it fails, and only ending the process
   * or resetting the device helps.
   */
  public boolean losesContext() {
    return switch (this) {
      case ECC_UNCORRECTABLE,
          ILLEGAL_ADDRESS,
          LAUNCH_TIMEOUT,
          ASSERT,
          HARDWARE_STACK_ERROR,
          ILLEGAL_INSTRUCTION,
          MISALIGNED_ADDRESS,
          INVALID_ADDRESS_SPACE,
          INVALID_PC,
          LAUNCH_FAILED ->
          true;
      default -> false;
    };
  }
}

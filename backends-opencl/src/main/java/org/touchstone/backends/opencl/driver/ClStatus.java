package org.touchstone.backends.opencl.driver;

import org.jocl.CL;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;

/** Turns status codes of the driver into failures. */
final class ClStatus {
  /** The loader found no platform; from the extension {@code cl_khr_icd}. */
  static final int PLATFORM_NOT_FOUND = -1001;

  /** What NVIDIA's driver answers after an illegal access or an assertion in a kernel. */
  private static final int VENDOR_KERNEL_FAULT = -9999;

  private ClStatus() {}

  /** Throws unless the call succeeded. */
  static void check(int status, String call) {
    if (status != CL.CL_SUCCESS) {
      throw failure(status, call, null);
    }
  }

  /** Throws unless the call succeeded, with what was asked for. */
  static void check(int status, String call, String what) {
    if (status != CL.CL_SUCCESS) {
      throw failure(status, call + " of " + what, null);
    }
  }

  static HalException failure(int status, String call, @Nullable Throwable cause) {
    return new HalException(
        code(status), call + " answered " + name(status), null, null, remedy(status), cause);
  }

  /** Returns the name as the headers spell it. */
  static String name(int status) {
    if (status == VENDOR_KERNEL_FAULT) {
      return "-9999 (the driver's code for a fault inside a kernel)";
    }
    String name = CL.stringFor_errorCode(status);
    return name.startsWith("CL_") ? name + " (" + status + ")" : Integer.toString(status);
  }

  static ErrorCode code(int status) {
    return switch (status) {
      case CL.CL_MEM_OBJECT_ALLOCATION_FAILURE,
          CL.CL_OUT_OF_HOST_MEMORY,
          CL.CL_INVALID_BUFFER_SIZE ->
          ErrorCode.OUT_OF_MEMORY;
      case CL.CL_DEVICE_NOT_AVAILABLE,
          CL.CL_INVALID_DEVICE,
          CL.CL_INVALID_CONTEXT,
          VENDOR_KERNEL_FAULT ->
          ErrorCode.DEVICE_LOST;
      default -> ErrorCode.NATIVE_FAILURE;
    };
  }

  private static @Nullable String remedy(int status) {
    return switch (status) {
      case CL.CL_MEM_OBJECT_ALLOCATION_FAILURE, CL.CL_INVALID_BUFFER_SIZE ->
          "free buffers of the device or use smaller ones";
      case CL.CL_OUT_OF_HOST_MEMORY -> "free memory of the host";
      case CL.CL_OUT_OF_RESOURCES ->
          "launch less work at a time, and close other programs that use the device";
      case CL.CL_DEVICE_NOT_AVAILABLE ->
          "wait for other users of the device, or restart its driver";
      case CL.CL_INVALID_DEVICE, CL.CL_INVALID_CONTEXT, VENDOR_KERNEL_FAULT ->
          "open the device again; see the system's log for the driver's reset";
      default -> null;
    };
  }

  /** Says why a device or a platform cannot be used. */
  static Reason reason(int status, String call) {
    String detail = call + " answered " + name(status);
    return switch (status) {
      case PLATFORM_NOT_FOUND -> Reason.of(ReasonCode.NO_PLATFORM, detail);
      case CL.CL_DEVICE_NOT_FOUND -> Reason.of(ReasonCode.NO_DEVICE, detail);
      case CL.CL_DEVICE_NOT_AVAILABLE -> Reason.of(ReasonCode.DEVICE_BUSY, detail);
      case CL.CL_OUT_OF_HOST_MEMORY, CL.CL_OUT_OF_RESOURCES, CL.CL_MEM_OBJECT_ALLOCATION_FAILURE ->
          Reason.of(
              ReasonCode.MEMORY, detail, "stop other processes that use the device or its memory");
      default -> Reason.of(ReasonCode.DRIVER_REFUSED, detail);
    };
  }
}

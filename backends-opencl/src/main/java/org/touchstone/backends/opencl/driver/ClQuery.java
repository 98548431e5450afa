package org.touchstone.backends.opencl.driver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;
import org.jspecify.annotations.Nullable;

/** Asks for properties of platforms and devices. */
final class ClQuery {
  /** Larger answers than this are not names. */
  private static final int LARGEST = 1 << 20;

  private ClQuery() {}

  static String platform(cl_platform_id platform, int parameter) {
    return text(
        answer((size, to, needed) -> CL.clGetPlatformInfo(platform, parameter, size, to, needed))
            .orElse(new byte[0]));
  }

  static String text(cl_device_id device, int parameter) {
    return text(bytes(device, parameter).orElse(new byte[0]));
  }

  /** Returns a number of 4 or 8 bytes, 0 when the driver does not know the parameter. */
  static long number(cl_device_id device, int parameter) {
    byte[] answer = bytes(device, parameter).orElse(new byte[0]);
    ByteBuffer buffer = ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder());
    return switch (answer.length) {
      case Integer.BYTES -> Integer.toUnsignedLong(buffer.getInt());
      case Long.BYTES -> buffer.getLong();
      default -> 0;
    };
  }

  static Optional<byte[]> bytes(cl_device_id device, int parameter) {
    return answer((size, to, needed) -> CL.clGetDeviceInfo(device, parameter, size, to, needed));
  }

  /** A call that fills memory, or says how much it needs. */
  @FunctionalInterface
  interface Call {
    int ask(long size, @Nullable Pointer to, long[] needed);
  }

  /**
   * Asks for the size and then for the bytes; empty when the driver does not know the parameter.
   */
  static Optional<byte[]> answer(Call call) {
    long[] needed = new long[1];
    if (call.ask(0, null, needed) != CL.CL_SUCCESS || needed[0] > LARGEST) {
      return Optional.empty();
    }
    byte[] bytes = new byte[(int) needed[0]];
    if (bytes.length > 0
        && call.ask(bytes.length, Pointer.to(bytes), new long[1]) != CL.CL_SUCCESS) {
      return Optional.empty();
    }
    return Optional.of(bytes);
  }

  static String text(byte[] bytes) {
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8).strip();
  }
}

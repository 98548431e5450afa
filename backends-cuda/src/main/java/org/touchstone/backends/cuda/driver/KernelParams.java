package org.touchstone.backends.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Builds the parameters of a kernel as one block of bytes, each value at the next multiple of its
 * size, as {@code CU_LAUNCH_PARAM_BUFFER_POINTER} wants them. Used by one thread.
 */
public final class KernelParams {
  private byte[] bytes = new byte[128];
  private int size;

  /** Creates an empty list of parameters. */
  public KernelParams() {}

  /** Appends a pointer. */
  public KernelParams pointer(DevicePointer pointer) {
    return i64(pointer.address());
  }

  /** Appends a 32-bit integer. */
  public KernelParams i32(int value) {
    int at = reserve(4, 4);
    MemorySegment.ofArray(bytes).set(ValueLayout.JAVA_INT_UNALIGNED, at, value);
    return this;
  }

  /** Appends a 64-bit integer. */
  public KernelParams i64(long value) {
    int at = reserve(8, 8);
    MemorySegment.ofArray(bytes).set(ValueLayout.JAVA_LONG_UNALIGNED, at, value);
    return this;
  }

  /** Appends a 32-bit float. */
  public KernelParams f32(float value) {
    return i32(Float.floatToRawIntBits(value));
  }

  /** Appends an encoded tensor map, aligned to 64 bytes. */
  public KernelParams tensorMap(byte[] encoded) {
    if (encoded.length != TensorMap.BYTES) {
      throw new IllegalArgumentException(
          "an encoded tensor map has " + TensorMap.BYTES + " bytes, got " + encoded.length);
    }
    int at = reserve(encoded.length, 64);
    System.arraycopy(encoded, 0, bytes, at, encoded.length);
    return this;
  }

  /** Returns a copy of the bytes so far. */
  public byte[] bytes() {
    return Arrays.copyOf(bytes, size);
  }

  private int reserve(int count, int alignment) {
    int at = (size + alignment - 1) / alignment * alignment;
    size = at + count;
    if (size > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(size, 2 * bytes.length));
    }
    return at;
  }
}

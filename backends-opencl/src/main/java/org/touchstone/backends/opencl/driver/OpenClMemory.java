package org.touchstone.backends.opencl.driver;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jocl.cl_mem;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.DeviceMemory;

/**
 * A buffer, or a part of one. Parts are a buffer and an offset rather than sub-buffers, whose start
 * would have to be aligned as each device wants it; kernels and copies add the offset.
 */
final class OpenClMemory implements DeviceMemory {
  private final cl_mem buffer;
  private final long offset;
  private final long bytes;
  private final boolean owner;

  private OpenClMemory(cl_mem buffer, long offset, long bytes, boolean owner) {
    this.buffer = buffer;
    this.offset = offset;
    this.bytes = bytes;
    this.owner = owner;
  }

  static OpenClMemory whole(cl_mem buffer, long bytes) {
    return new OpenClMemory(buffer, 0, bytes, true);
  }

  cl_mem buffer() {
    return buffer;
  }

  /** Returns where this memory starts in its buffer, in bytes. */
  long offset() {
    return offset;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public Optional<MemorySegment> host() {
    return Optional.empty();
  }

  @Override
  public DeviceMemory slice(long from, long size) {
    if (from < 0 || size < 0 || size > bytes - from) {
      throw new HalException(
          ErrorCode.OUT_OF_BOUNDS,
          "slice of " + size + " bytes at " + from + " leaves memory of " + bytes + " bytes");
    }
    return new OpenClMemory(buffer, offset + from, size, false);
  }

  @Override
  public void close() {
    if (owner) {
      OpenClContext.release(buffer);
    }
  }
}

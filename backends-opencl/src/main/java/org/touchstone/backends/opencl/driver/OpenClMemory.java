package org.touchstone.backends.opencl.driver;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
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

  /** Shared with all parts. */
  private final AtomicBoolean closed;

  private OpenClMemory(
      cl_mem buffer, long offset, long bytes, boolean owner, AtomicBoolean closed) {
    this.buffer = buffer;
    this.offset = offset;
    this.bytes = bytes;
    this.owner = owner;
    this.closed = closed;
  }

  static OpenClMemory whole(cl_mem buffer, long bytes) {
    return new OpenClMemory(buffer, 0, bytes, true, new AtomicBoolean());
  }

  /** Returns the driver's buffer, but none that was released: PoCL 3.1 aborts the process. */
  cl_mem buffer() {
    if (closed.get()) {
      throw new HalException(
          ErrorCode.CLOSED, "memory of " + bytes + " bytes is used after it was closed");
    }
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
    return new OpenClMemory(buffer, offset + from, size, false, closed);
  }

  @Override
  public void close() {
    if (owner && closed.compareAndSet(false, true)) {
      OpenClContext.release(buffer);
    }
  }
}

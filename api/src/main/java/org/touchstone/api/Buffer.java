package org.touchstone.api;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A block of memory that one device, or the host, owns. Close it when no tensor in flight uses it;
 * use after close is a {@link HalException} with {@link ErrorCode#CLOSED}.
 */
public interface Buffer extends AutoCloseable {
  /**
   * Wraps host memory for {@link Queue#copy}; the segment's arena stays the owner, closing the
   * buffer frees nothing.
   */
  static Buffer ofHost(MemorySegment segment) {
    return new HostBuffer(segment);
  }

  /** Returns the size in bytes. */
  long bytes();

  /** Returns the owning device; empty for host memory. */
  Optional<Device> device();

  /**
   * Returns the buffer's bytes.
   *
   * @throws HalException with {@link ErrorCode#WRONG_DEVICE} when the host cannot reach them
   */
  MemorySegment host();

  /** Returns whether the buffer is closed. */
  boolean isClosed();

  /** Frees the memory. Closing twice does nothing. */
  @Override
  void close();
}

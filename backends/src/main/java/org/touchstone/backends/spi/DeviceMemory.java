package org.touchstone.backends.spi;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/** A block of a device's memory. Backends extend it with their native handle. */
public interface DeviceMemory extends AutoCloseable {
  /** Returns the size in bytes. */
  long bytes();

  /** Returns the bytes when the host can reach them. */
  Optional<MemorySegment> host();

  /**
   * Returns the backend's own memory, which kernels and copies get. Only instruments that wrap
   * memory, to guard or to count it, return something else than this object.
   */
  default DeviceMemory unwrapped() {
    return this;
  }

  /**
   * Returns a view of a part; closing the view frees nothing. The conformance suite puts guards
   * around a buffer with it. Needed only where {@link #host} is empty: host memory is sliced as a
   * segment and wrapped.
   *
   * @param offset first byte, a multiple of 4096
   * @param bytes size of the part
   * @throws HalException with {@link ErrorCode#UNSUPPORTED} unless the backend implements it
   */
  default DeviceMemory slice(long offset, long bytes) {
    throw new HalException(
        ErrorCode.UNSUPPORTED,
        getClass().getSimpleName() + " does not slice its memory",
        null,
        null,
        "implement DeviceMemory.slice so that the suite can guard buffers",
        null);
  }

  /** Frees the memory; called exactly once. */
  @Override
  void close();
}

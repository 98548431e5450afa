package org.touchstone.backends.spi;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.HalException;

/**
 * Where a device's memory comes from. The HAL wraps it once to count, and the conformance suite to
 * guard, poison and fail.
 */
public interface MemorySource {
  /**
   * Allocates memory, at least 64-byte aligned when it is host memory.
   *
   * @param bytes size, at least 1
   * @throws HalException with {@code OUT_OF_MEMORY}
   */
  DeviceMemory allocate(long bytes);

  /**
   * Uses host memory in place; closing the result frees nothing.
   *
   * @throws HalException with {@code UNSUPPORTED} unless the device works on host memory
   */
  DeviceMemory wrap(MemorySegment host);
}

package org.touchstone.backends.memory;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/**
 * Lets one chosen allocation fail with {@code OUT_OF_MEMORY}, to show what a program, the HAL and a
 * backend leave behind then. Thread-safe.
 */
public final class FailingMemory implements MemorySource {
  private final MemorySource source;
  private long allocations;
  private long countdown;

  /** Passes everything on until {@link #failAt} is called. */
  public FailingMemory(MemorySource source) {
    this.source = source;
  }

  /**
   * Lets the n-th allocation from now fail, and only that one.
   *
   * @param nth 1 for the next; 0 for none
   */
  public synchronized void failAt(long nth) {
    countdown = nth;
  }

  /** Returns how many allocations were asked for so far, the failed ones included. */
  public synchronized long allocations() {
    return allocations;
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    synchronized (this) {
      allocations++;
      if (countdown > 0 && --countdown == 0) {
        throw new HalException(
            ErrorCode.OUT_OF_MEMORY,
            "allocation number " + allocations + " of " + bytes + " bytes was chosen to fail");
      }
    }
    return source.allocate(bytes);
  }

  @Override
  public DeviceMemory wrap(MemorySegment host) {
    return source.wrap(host);
  }
}

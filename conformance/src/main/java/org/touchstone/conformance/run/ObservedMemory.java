package org.touchstone.conformance.run;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.DType;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/**
 * Memory of a device as the suite hands it out: poisoned where the host reaches it, counted, and
 * failing at a chosen allocation. Thread-safe.
 */
public final class ObservedMemory {
  private static final long NEVER = Long.MAX_VALUE;

  private final AtomicLong allocations = new AtomicLong();
  private final AtomicLong failAt = new AtomicLong(NEVER);

  /** Wraps a source. */
  MemorySource around(MemorySource source) {
    return new MemorySource() {
      @Override
      public DeviceMemory allocate(long bytes) {
        if (allocations.incrementAndGet() == failAt.get()) {
          throw new HalException(
              ErrorCode.OUT_OF_MEMORY, "the suite lets this allocation fail: " + bytes + " bytes");
        }
        DeviceMemory memory = source.allocate(bytes);
        memory.host().ifPresent(host -> Poison.fill(host, DType.E4M3FN));
        return memory;
      }

      @Override
      public DeviceMemory wrap(MemorySegment host) {
        return source.wrap(host);
      }
    };
  }

  /** Returns the number of allocations so far. */
  public long allocations() {
    return allocations.get();
  }

  /** Lets one allocation fail: the next one for 1, the one after it for 2. */
  public void failAllocation(long which) {
    failAt.set(allocations.get() + which);
  }

  /** Lets no allocation fail. */
  public void failNone() {
    failAt.set(NEVER);
  }
}

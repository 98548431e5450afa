package org.touchstone.backends.memory;

import java.lang.foreign.MemorySegment;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/**
 * Counts what is allocated, buffers and workspace alike; wrapped host memory does not count.
 * Thread-safe.
 */
public final class CountingMemory implements MemorySource {
  private final MemorySource source;
  private Usage usage = new Usage(0, 0, 0, 0);

  /**
   * What was allocated at one moment.
   *
   * @param liveBlocks blocks that are not freed
   * @param liveBytes their bytes
   * @param peakBytes the largest {@code liveBytes} so far
   * @param allocations blocks allocated since the beginning
   */
  public record Usage(long liveBlocks, long liveBytes, long peakBytes, long allocations) {
    private Usage plus(long bytes) {
      long live = liveBytes + bytes;
      return new Usage(liveBlocks + 1, live, Math.max(peakBytes, live), allocations + 1);
    }

    private Usage minus(long bytes) {
      return new Usage(liveBlocks - 1, liveBytes - bytes, peakBytes, allocations);
    }
  }

  /** Counts what a source allocates. */
  public CountingMemory(MemorySource source) {
    this.source = source;
  }

  /** Returns the present counts. */
  public synchronized Usage usage() {
    return usage;
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    DeviceMemory block = source.allocate(bytes);
    synchronized (this) {
      usage = usage.plus(bytes);
    }
    return new WatchedBlock(
        block,
        () -> {
          synchronized (this) {
            usage = usage.minus(bytes);
          }
          block.close();
        });
  }

  @Override
  public DeviceMemory wrap(MemorySegment host) {
    return source.wrap(host);
  }
}

package org.touchstone.backends.spi;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A block of a device's memory. Backends extend it with their native handle. */
public interface DeviceMemory extends AutoCloseable {
  /** Returns the size in bytes. */
  long bytes();

  /** Returns the bytes when the host can reach them. */
  Optional<MemorySegment> host();

  /** Frees the memory; called exactly once. */
  @Override
  void close();
}

package org.touchstone.backends.memory;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.touchstone.backends.spi.DeviceMemory;

/** Memory that tells when it is freed. Kernels get what it wraps. */
final class WatchedBlock implements DeviceMemory {
  private final DeviceMemory payload;
  private final Runnable onClose;

  /**
   * Creates the block.
   *
   * @param payload what kernels get
   * @param onClose frees it
   */
  WatchedBlock(DeviceMemory payload, Runnable onClose) {
    this.payload = payload;
    this.onClose = onClose;
  }

  @Override
  public long bytes() {
    return payload.bytes();
  }

  @Override
  public Optional<MemorySegment> host() {
    return payload.host();
  }

  @Override
  public DeviceMemory unwrapped() {
    return payload.unwrapped();
  }

  @Override
  public DeviceMemory slice(long offset, long bytes) {
    return payload.slice(offset, bytes);
  }

  @Override
  public void close() {
    onClose.run();
  }
}

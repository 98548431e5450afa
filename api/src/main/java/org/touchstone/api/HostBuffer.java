package org.touchstone.api;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Host memory that somebody else owns. */
final class HostBuffer implements Buffer {
  private final MemorySegment segment;
  private volatile boolean closed;

  HostBuffer(MemorySegment segment) {
    this.segment = segment;
  }

  @Override
  public long bytes() {
    return segment.byteSize();
  }

  @Override
  public Optional<Device> device() {
    return Optional.empty();
  }

  @Override
  public MemorySegment host() {
    if (isClosed()) {
      throw new HalException(
          ErrorCode.CLOSED,
          "the host buffer of " + bytes() + " bytes is closed; keep it open while it is used");
    }
    return segment;
  }

  @Override
  public boolean isClosed() {
    return closed || !segment.scope().isAlive();
  }

  @Override
  public void close() {
    closed = true;
  }
}

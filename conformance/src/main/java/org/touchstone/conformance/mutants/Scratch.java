package org.touchstone.conformance.mutants;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Memories;

/** Host memory that a defect hands to a kernel. */
record Scratch(MemorySegment segment, DeviceMemory wrapped) implements Buffer, Memories.Holder {
  @Override
  public DeviceMemory memory() {
    return wrapped.unwrapped();
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
    return segment;
  }

  @Override
  public boolean isClosed() {
    return !segment.scope().isAlive();
  }

  @Override
  public void close() {}
}

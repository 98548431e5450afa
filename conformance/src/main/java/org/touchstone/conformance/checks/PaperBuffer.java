package org.touchstone.conformance.checks;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;

/** A buffer that has a size and no memory: enough to describe tensors. */
record PaperBuffer(long bytes) implements Buffer {
  @Override
  public Optional<Device> device() {
    return Optional.empty();
  }

  @Override
  public MemorySegment host() {
    throw new UnsupportedOperationException("this buffer has no memory");
  }

  @Override
  public boolean isClosed() {
    return false;
  }

  @Override
  public void close() {}
}

package com.example.acme;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.touchstone.api.Buffer;
import org.touchstone.api.Tensor;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Memories;

/** Memory of the device, which is the host's. */
record AcmeMemory(MemorySegment segment, Runnable release) implements DeviceMemory {
  /** Returns a tensor of this device as one that the host reads. */
  static Tensor view(Tensor tensor) {
    return Tensor.of(
        Buffer.ofHost(Memories.of(tensor, AcmeMemory.class).segment()),
        tensor.dtype(),
        tensor.shape(),
        tensor.strides(),
        tensor.byteOffset(),
        tensor.layout());
  }

  @Override
  public long bytes() {
    return segment.byteSize();
  }

  @Override
  public Optional<MemorySegment> host() {
    return Optional.of(segment);
  }

  @Override
  public DeviceMemory slice(long offset, long bytes) {
    return new AcmeMemory(segment.asSlice(offset, bytes), () -> {});
  }

  @Override
  public void close() {
    release.run();
  }
}

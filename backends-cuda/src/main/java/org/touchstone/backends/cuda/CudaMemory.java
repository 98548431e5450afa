package org.touchstone.backends.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Tensor;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Memories;

/** A block of a GPU's memory, or a part of one. */
public final class CudaMemory implements DeviceMemory {
  private final DevicePointer pointer;
  private final long bytes;
  private final Runnable free;

  CudaMemory(DevicePointer pointer, long bytes, Runnable free) {
    this.pointer = pointer;
    this.bytes = bytes;
    this.free = free;
  }

  /** Returns the address of a tensor's first element. */
  public static DevicePointer pointer(Tensor tensor) {
    return Memories.of(tensor, CudaMemory.class).pointer.plus(tensor.byteOffset());
  }

  /** Returns the address of memory that the HAL handed out, for example a workspace. */
  public static DevicePointer pointer(DeviceMemory memory) {
    if (memory.unwrapped() instanceof CudaMemory own) {
      return own.pointer;
    }
    throw new HalException(
        ErrorCode.WRONG_DEVICE,
        "memory of type " + memory.unwrapped().getClass().getSimpleName() + " is not a GPU's");
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public Optional<MemorySegment> host() {
    return Optional.empty();
  }

  @Override
  public DeviceMemory slice(long offset, long length) {
    if (offset < 0 || length < 0 || length > bytes - offset) {
      throw new HalException(
          ErrorCode.OUT_OF_BOUNDS,
          "slice at " + offset + " of " + length + " bytes leaves memory of " + bytes + " bytes");
    }
    return new CudaMemory(pointer.plus(offset), length, () -> {});
  }

  @Override
  public void close() {
    free.run();
  }
}

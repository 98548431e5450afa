package org.touchstone.backends.opencl.driver;

import java.lang.foreign.MemorySegment;
import org.jocl.CL;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/** Allocates buffers of a device. Thread-safe. */
final class OpenClMemorySource implements MemorySource {
  private final OpenClContext context;

  OpenClMemorySource(OpenClContext context) {
    this.context = context;
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    DeviceFacts facts = context.facts();
    if (bytes > facts.largestBuffer()) {
      throw new HalException(
          ErrorCode.OUT_OF_MEMORY,
          "a buffer of "
              + bytes
              + " bytes is larger than CL_DEVICE_MAX_MEM_ALLOC_SIZE, "
              + facts.largestBuffer()
              + " of "
              + facts.globalBytes()
              + " bytes of global memory",
          null,
          context.uri(),
          "split the tensor over several buffers",
          null);
    }
    try {
      return OpenClMemory.whole(context.createBuffer(CL.CL_MEM_READ_WRITE, bytes), bytes);
    } catch (HalException e) {
      // Whatever a driver calls it, at this place it is about memory.
      if (e.code() == ErrorCode.NATIVE_FAILURE) {
        throw new HalException(
            ErrorCode.OUT_OF_MEMORY,
            "allocating " + bytes + " bytes failed: " + e.getMessage(),
            null,
            context.uri(),
            "free buffers of the device or use smaller ones",
            e);
      }
      throw e;
    }
  }

  @Override
  public DeviceMemory wrap(MemorySegment host) {
    throw new HalException(
        ErrorCode.UNSUPPORTED,
        "the device does not work on host memory in place",
        null,
        context.uri(),
        "copy with Queue.copy",
        null);
  }
}

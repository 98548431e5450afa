package org.touchstone.backends.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.DevicePointer;

/** Numbers that a kernel needs in device memory for as long as it lives. */
public final class CudaConstants implements AutoCloseable {
  private final CudaContext context;
  private final DevicePointer pointer;

  private CudaConstants(CudaContext context, DevicePointer pointer) {
    this.context = context;
    this.pointer = pointer;
  }

  /** Copies numbers to the device and waits until they are there. */
  public static CudaConstants of(CudaContext context, double[] values) {
    CudaDriver driver = context.driver();
    context.enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, values);
      CudaConstants constants =
          new CudaConstants(context, driver.memAlloc(Math.max(8, host.byteSize())));
      context.taken(CudaContext.Resource.DEVICE_MEMORY);
      CudaDriver.Stream stream = driver.streamCreate();
      context.taken(CudaContext.Resource.STREAM);
      try {
        driver.memcpyHtoDAsync(constants.pointer, host, stream);
        driver.streamSynchronize(stream);
      } finally {
        context.release(CudaContext.Resource.STREAM, () -> driver.streamDestroy(stream));
      }
      return constants;
    } catch (CudaException e) {
      throw context.failure("copying a kernel's constants", e);
    }
  }

  /** Returns the address of the first number. */
  public DevicePointer pointer() {
    return pointer;
  }

  @Override
  public void close() {
    context.release(CudaContext.Resource.DEVICE_MEMORY, () -> context.driver().memFree(pointer));
  }
}

package org.touchstone.backends.cuda;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;

/**
 * Allocates from the device's pool where it has one, else from the driver. Memory may be used by
 * every queue as soon as it is returned, and is freed when no queue uses it any more. Thread-safe.
 */
final class CudaMemorySource implements MemorySource, AutoCloseable {
  /** What the pool keeps for the next allocation instead of giving it back to the driver. */
  private static final long KEPT = 1L << 30;

  private final CudaContext context;
  private final CudaDriver driver;
  private final Pool pool;

  /** A pool's stream orders its allocations; without a pool there is none. */
  private sealed interface Pool {
    record OfStream(CudaDriver.Stream stream) implements Pool {}

    record None() implements Pool {}
  }

  CudaMemorySource(CudaContext context) {
    this.context = context;
    driver = context.driver();
    context.enter();
    try {
      pool = context.gpu().pools() == Gpu.Pools.SUPPORTED ? pool() : new Pool.None();
    } catch (CudaException e) {
      throw context.failure("preparing the memory pool", e);
    }
  }

  private Pool pool() {
    driver.memPoolKeep(context.device(), KEPT);
    CudaDriver.Stream stream = driver.streamCreate();
    context.taken(CudaContext.Resource.STREAM);
    return new Pool.OfStream(stream);
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    context.enter();
    try {
      DevicePointer pointer =
          switch (pool) {
            case Pool.OfStream of -> {
              DevicePointer allocated = driver.memAllocAsync(bytes, of.stream());
              // Other streams may use the memory only after the allocation has happened.
              driver.streamSynchronize(of.stream());
              yield allocated;
            }
            case Pool.None none -> driver.memAlloc(bytes);
          };
      context.taken(CudaContext.Resource.DEVICE_MEMORY);
      return new CudaMemory(pointer, bytes, () -> free(pointer));
    } catch (CudaException e) {
      throw context.failure("allocation of " + bytes + " bytes" + roomLeft(e), e);
    }
  }

  private String roomLeft(CudaException failure) {
    if (failure.result().losesContext()) {
      return "";
    }
    try {
      CudaDriver.MemoryInfo info = driver.memGetInfo();
      return " (" + info.free() + " of " + info.total() + " are free)";
    } catch (CudaException e) {
      return "";
    }
  }

  private void free(DevicePointer pointer) {
    context.release(
        CudaContext.Resource.DEVICE_MEMORY,
        () -> {
          switch (pool) {
            case Pool.OfStream of -> {
              // Another stream may still use it; the driver's own free waits in the same way.
              driver.ctxSynchronize();
              driver.memFreeAsync(pointer, of.stream());
              driver.streamSynchronize(of.stream());
            }
            case Pool.None none -> driver.memFree(pointer);
          }
        });
  }

  @Override
  public DeviceMemory wrap(MemorySegment host) {
    throw new HalException(
        ErrorCode.UNSUPPORTED,
        "a GPU does not work on host memory in place",
        null,
        context.uri(),
        "allocate a buffer and use Queue.copy",
        null);
  }

  /** Destroys the pool's stream. */
  @Override
  public void close() {
    if (pool instanceof Pool.OfStream of) {
      context.release(CudaContext.Resource.STREAM, () -> driver.streamDestroy(of.stream()));
    }
  }
}

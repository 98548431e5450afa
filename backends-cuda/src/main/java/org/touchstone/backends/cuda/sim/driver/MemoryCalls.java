package org.touchstone.backends.cuda.sim.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.touchstone.backends.cuda.driver.Copy2d;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.memory.LaunchOrder;

/** Calls about memory: allocations, copies and fills. */
abstract class MemoryCalls extends DeviceCalls {
  /** Page-locked memory by its address. */
  final Map<Long, Arena> hostMemory = new HashMap<>();

  MemoryCalls(List<DeviceProfile> profiles, Options options) {
    super(profiles, options);
  }

  @Override
  public DevicePointer memAlloc(long bytes) {
    SimContext c = context("cuMemAlloc");
    return allocate("cuMemAlloc", c, bytes);
  }

  private static DevicePointer allocate(String call, SimContext c, long bytes) {
    if (bytes <= 0) {
      throw error(call, CudaResult.INVALID_VALUE, "an allocation of " + bytes + " bytes");
    }
    Allocation a = c.device.memory().allocate(bytes, null, false);
    if (a == null) {
      throw error(
          call,
          CudaResult.OUT_OF_MEMORY,
          bytes
              + " bytes asked for, "
              + c.device.memory().used()
              + " of "
              + c.device.memory().limit()
              + " in use");
    }
    return new DevicePointer(a.base());
  }

  @Override
  public void memFree(DevicePointer pointer) {
    SimContext c = context("cuMemFree");
    synchronized (c) {
      c.streams.synchroniseAll();
      c.streams.check();
      free("cuMemFree", c, pointer);
    }
  }

  private static void free(String call, SimContext c, DevicePointer pointer) {
    if (pointer.address() != 0 && !c.device.memory().free(pointer.address())) {
      throw error(call, CudaResult.INVALID_VALUE, "no allocation begins at " + pointer);
    }
  }

  @Override
  public DevicePointer memAllocAsync(long bytes, Stream stream) {
    SimContext c = context("cuMemAllocAsync");
    return allocate("cuMemAllocAsync", c, bytes);
  }

  @Override
  public void memFreeAsync(DevicePointer pointer, Stream stream) {
    String call = "cuMemFreeAsync";
    Allocation a = context(call).device.memory().find(pointer.address());
    if (a == null || a.base() != pointer.address() || a.freed()) {
      throw error(call, CudaResult.INVALID_VALUE, "no allocation begins at " + pointer);
    }
    submit(call, stream, (c, number, order) -> free(call, c, pointer));
  }

  @Override
  public MemoryInfo memGetInfo() {
    SimContext c = context("cuMemGetInfo");
    long limit = c.device.memory().limit();
    return new MemoryInfo(limit - c.device.memory().used(), limit);
  }

  @Override
  public MemorySegment memHostAlloc(long bytes) {
    context("cuMemHostAlloc");
    Arena arena = Arena.ofShared();
    MemorySegment segment = arena.allocate(bytes, 4096);
    synchronized (hostMemory) {
      hostMemory.put(segment.address(), arena);
    }
    return segment;
  }

  @Override
  public void memFreeHost(MemorySegment segment) {
    SimContext c = context("cuMemFreeHost");
    Arena arena;
    synchronized (hostMemory) {
      arena = hostMemory.remove(segment.address());
    }
    if (arena == null) {
      throw error("cuMemFreeHost", CudaResult.INVALID_VALUE, "no page-locked memory begins there");
    }
    synchronized (c) {
      // Freeing waits for copies that still use the memory.
      c.streams.synchroniseAll();
    }
    arena.close();
  }

  @Override
  public void memcpyHtoDAsync(DevicePointer dst, MemorySegment src, Stream stream) {
    String call = "cuMemcpyHtoDAsync";
    if (src.byteSize() > 0) {
      submit(call, stream, (c, n, order) -> c.write(call, dst.address(), src, n, order));
    }
  }

  @Override
  public void memcpyDtoHAsync(MemorySegment dst, DevicePointer src, Stream stream) {
    String call = "cuMemcpyDtoHAsync";
    if (dst.byteSize() > 0) {
      submit(call, stream, (c, n, order) -> c.read(call, dst, src.address(), n, order));
    }
  }

  @Override
  public void memcpyDtoDAsync(DevicePointer dst, DevicePointer src, long bytes, Stream stream) {
    String call = "cuMemcpyDtoDAsync";
    if (bytes > 0) {
      submit(
          call,
          stream,
          (c, n, order) -> c.copy(call, dst.address(), src.address(), bytes, n, order));
    }
  }

  @Override
  public void memcpy2DAsync(Copy2d copy, Stream stream) {
    submit(
        "cuMemcpy2DAsync",
        stream,
        (c, n, order) -> {
          for (long row = 0; row < copy.rows() && copy.rowBytes() > 0; row++) {
            row(c, copy, row, n, order);
          }
        });
  }

  private static void row(SimContext c, Copy2d copy, long row, int n, LaunchOrder order) {
    String call = "cuMemcpy2DAsync";
    long from = row * copy.src().pitch();
    long to = row * copy.dst().pitch();
    long bytes = copy.rowBytes();
    if (copy.src() instanceof Copy2d.OnHost source) {
      MemorySegment piece = source.segment().asSlice(from, bytes);
      if (copy.dst() instanceof Copy2d.OnHost target) {
        target.segment().asSlice(to, bytes).copyFrom(piece);
      } else if (copy.dst() instanceof Copy2d.OnDevice target) {
        c.write(call, target.pointer().address() + to, piece, n, order);
      }
    } else if (copy.src() instanceof Copy2d.OnDevice source) {
      long address = source.pointer().address() + from;
      if (copy.dst() instanceof Copy2d.OnHost target) {
        c.read(call, target.segment().asSlice(to, bytes), address, n, order);
      } else if (copy.dst() instanceof Copy2d.OnDevice target) {
        c.copy(call, target.pointer().address() + to, address, bytes, n, order);
      }
    }
  }

  @Override
  public void memsetD8Async(DevicePointer dst, byte value, long count, Stream stream) {
    fill("cuMemsetD8Async", dst, new byte[] {value}, count, stream);
  }

  @Override
  public void memsetD32Async(DevicePointer dst, int value, long count, Stream stream) {
    byte[] pattern = {
      (byte) value, (byte) (value >>> 8), (byte) (value >>> 16), (byte) (value >>> 24)
    };
    if (dst.address() % 4 != 0) {
      throw error("cuMemsetD32Async", CudaResult.INVALID_VALUE, dst + " is no multiple of 4");
    }
    fill("cuMemsetD32Async", dst, pattern, count, stream);
  }

  private void fill(String call, DevicePointer dst, byte[] pattern, long count, Stream stream) {
    if (count > 0) {
      submit(call, stream, (c, n, order) -> c.fill(call, dst.address(), pattern, count, n, order));
    }
  }
}

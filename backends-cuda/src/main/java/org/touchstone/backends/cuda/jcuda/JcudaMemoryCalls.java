package org.touchstone.backends.cuda.jcuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.touchstone.backends.cuda.driver.Copy2d;
import org.touchstone.backends.cuda.driver.DevicePointer;

/** Calls about memory. */
abstract class JcudaMemoryCalls extends JcudaDeviceCalls {
  /** JCuda's pointers hold an address and an offset; an address alone is an offset from nothing. */
  static CUdeviceptr on(DevicePointer pointer) {
    return new CUdeviceptr().withByteOffset(pointer.address());
  }

  static Pointer on(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("host memory for the driver is native, got " + segment);
    }
    return new Pointer().withByteOffset(segment.address());
  }

  @Override
  public DevicePointer memAlloc(long bytes) {
    Handles.NewDevicePointer pointer = new Handles.NewDevicePointer();
    check("cuMemAlloc", JCudaDriver.cuMemAlloc(pointer, bytes));
    return new DevicePointer(pointer.address());
  }

  @Override
  public void memFree(DevicePointer pointer) {
    check("cuMemFree", JCudaDriver.cuMemFree(on(pointer)));
  }

  @Override
  public DevicePointer memAllocAsync(long bytes, Stream stream) {
    Handles.NewDevicePointer pointer = new Handles.NewDevicePointer();
    check("cuMemAllocAsync", JCudaDriver.cuMemAllocAsync(pointer, bytes, (CUstream) stream));
    return new DevicePointer(pointer.address());
  }

  @Override
  public void memFreeAsync(DevicePointer pointer, Stream stream) {
    check("cuMemFreeAsync", JCudaDriver.cuMemFreeAsync(on(pointer), (CUstream) stream));
  }

  @Override
  public void memPoolKeep(Device device, long bytes) {
    check(
        "cuMemPoolSetAttribute", foreign.memPoolKeep(((Handles.OfDevice) device).ordinal(), bytes));
  }

  @Override
  public MemoryInfo memGetInfo() {
    long[] free = new long[1];
    long[] total = new long[1];
    check("cuMemGetInfo", JCudaDriver.cuMemGetInfo(free, total));
    return new MemoryInfo(free[0], total[0]);
  }

  @Override
  @SuppressWarnings("restricted") // the driver allocated exactly this many bytes at the address
  public MemorySegment memHostAlloc(long bytes) {
    Handles.NewHostPointer pointer = new Handles.NewHostPointer();
    check("cuMemHostAlloc", JCudaDriver.cuMemHostAlloc(pointer, bytes, 0));
    return MemorySegment.ofAddress(pointer.address()).reinterpret(bytes);
  }

  @Override
  public void memFreeHost(MemorySegment segment) {
    check("cuMemFreeHost", JCudaDriver.cuMemFreeHost(on(segment)));
  }

  @Override
  public void memcpyHtoDAsync(DevicePointer dst, MemorySegment src, Stream stream) {
    check(
        "cuMemcpyHtoDAsync",
        JCudaDriver.cuMemcpyHtoDAsync(on(dst), on(src), src.byteSize(), (CUstream) stream));
  }

  @Override
  public void memcpyDtoHAsync(MemorySegment dst, DevicePointer src, Stream stream) {
    check(
        "cuMemcpyDtoHAsync",
        JCudaDriver.cuMemcpyDtoHAsync(on(dst), on(src), dst.byteSize(), (CUstream) stream));
  }

  @Override
  public void memcpyDtoDAsync(DevicePointer dst, DevicePointer src, long bytes, Stream stream) {
    check(
        "cuMemcpyDtoDAsync",
        JCudaDriver.cuMemcpyDtoDAsync(on(dst), on(src), bytes, (CUstream) stream));
  }

  @Override
  public void memcpy2DAsync(Copy2d copy, Stream stream) {
    CUDA_MEMCPY2D struct = new CUDA_MEMCPY2D();
    struct.WidthInBytes = copy.rowBytes();
    struct.Height = copy.rows();
    struct.srcPitch = copy.src().pitch();
    struct.dstPitch = copy.dst().pitch();
    switch (copy.src()) {
      case Copy2d.OnDevice end -> {
        struct.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
        struct.srcDevice = on(end.pointer());
      }
      case Copy2d.OnHost end -> {
        struct.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
        struct.srcHost = on(end.segment());
      }
    }
    switch (copy.dst()) {
      case Copy2d.OnDevice end -> {
        struct.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
        struct.dstDevice = on(end.pointer());
      }
      case Copy2d.OnHost end -> {
        struct.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
        struct.dstHost = on(end.segment());
      }
    }
    check("cuMemcpy2DAsync", JCudaDriver.cuMemcpy2DAsync(struct, (CUstream) stream));
  }

  @Override
  public void memsetD8Async(DevicePointer dst, byte value, long count, Stream stream) {
    check("cuMemsetD8Async", JCudaDriver.cuMemsetD8Async(on(dst), value, count, (CUstream) stream));
  }

  @Override
  public void memsetD32Async(DevicePointer dst, int value, long count, Stream stream) {
    check(
        "cuMemsetD32Async", JCudaDriver.cuMemsetD32Async(on(dst), value, count, (CUstream) stream));
  }
}

package org.touchstone.backends.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.UUID;

/**
 * The CUDA driver API, one method per call, named like the call without its {@code cu}. Every
 * method throws {@link CudaException} with the driver's status unless it says otherwise. Errors of
 * work that runs asynchronously may come from any later call, as with the driver.
 *
 * <p>Thread-safe, with the driver's own rule: calls work on the context that {@link #ctxSetCurrent}
 * made current on the calling thread.
 */
public interface CudaDriver {
  /** A device ({@code CUdevice}). */
  interface Device {}

  /** A context ({@code CUcontext}). */
  interface Context {}

  /** A stream ({@code CUstream}); never the default stream. */
  interface Stream {}

  /** An event ({@code CUevent}). */
  interface Event {}

  /** A loaded module ({@code CUmodule}). */
  interface Module {}

  /** A kernel of a module ({@code CUfunction}). */
  interface Function {}

  /** Calls that not every driver has. */
  enum Optional {
    /** {@link #launchKernelEx} with a cluster or a programmatic start. */
    LAUNCH_KERNEL_EX,
    /** {@link #tensorMapEncodeTiled}. */
    TENSOR_MAP,
    /** {@link #linkPtx}. */
    LINK
  }

  /** What times an event takes. */
  enum Timing {
    /** The event is stamped and {@link #eventElapsedTime} works. */
    ENABLED,
    /** The event orders work only, which is cheaper. */
    DISABLED
  }

  /**
   * Memory of the current context's device.
   *
   * @param free bytes that are free
   * @param total bytes in all
   */
  record MemoryInfo(long free, long total) {}

  /** Returns which implementation this is, for people. */
  String name();

  /** Returns the optional calls that work. */
  Set<Optional> optionalCalls();

  // Initialisation and devices.

  /** Initialises the driver ({@code cuInit}); needed once before anything else. */
  void init();

  /** Returns the version of the driver API, 1000 · major + 10 · minor. */
  int driverGetVersion();

  /** Returns the number of devices. */
  int deviceGetCount();

  /** Returns a device. */
  Device deviceGet(int ordinal);

  /** Returns the device's name. */
  String deviceGetName(Device device);

  /** Returns the device's identity, which survives a change of the order of devices. */
  UUID deviceGetUuid(Device device);

  /** Returns the bytes of the device's memory. */
  long deviceTotalMem(Device device);

  /** Returns an attribute; 0 for attributes that the driver does not know. */
  int deviceGetAttribute(DeviceAttribute attribute, Device device);

  // Contexts.

  /** Retains the device's primary context. */
  Context devicePrimaryCtxRetain(Device device);

  /** Gives one retention of the primary context back. */
  void devicePrimaryCtxRelease(Device device);

  /** Makes a context current on the calling thread. */
  void ctxSetCurrent(Context context);

  /** Waits for everything enqueued in the current context. */
  void ctxSynchronize();

  // Memory. Host segments are native; asynchronous copies need them alive until the copy is done.

  /** Allocates device memory, 256-byte aligned. */
  DevicePointer memAlloc(long bytes);

  /** Frees what {@link #memAlloc} returned. */
  void memFree(DevicePointer pointer);

  /** Allocates from the device's pool, in stream order. */
  DevicePointer memAllocAsync(long bytes, Stream stream);

  /** Frees what {@link #memAllocAsync} or {@link #memAlloc} returned, in stream order. */
  void memFreeAsync(DevicePointer pointer, Stream stream);

  /**
   * Lets the device's pool keep this many bytes that are free instead of giving them back; nothing
   * happens where there is no pool.
   */
  default void memPoolKeep(Device device, long bytes) {}

  /** Returns the free and the whole memory. */
  MemoryInfo memGetInfo();

  /** Allocates page-locked host memory. */
  MemorySegment memHostAlloc(long bytes);

  /** Frees what {@link #memHostAlloc} returned. */
  void memFreeHost(MemorySegment segment);

  /** Copies from host to device; the whole segment is copied. */
  void memcpyHtoDAsync(DevicePointer dst, MemorySegment src, Stream stream);

  /** Copies from device to host; the whole segment is filled. */
  void memcpyDtoHAsync(MemorySegment dst, DevicePointer src, Stream stream);

  /** Copies within the device. */
  void memcpyDtoDAsync(DevicePointer dst, DevicePointer src, long bytes, Stream stream);

  /** Copies rows with gaps. */
  void memcpy2DAsync(Copy2d copy, Stream stream);

  /** Fills bytes. */
  void memsetD8Async(DevicePointer dst, byte value, long count, Stream stream);

  /** Fills 32-bit words; the address is a multiple of 4. */
  void memsetD32Async(DevicePointer dst, int value, long count, Stream stream);

  // Streams.

  /** Creates a stream that does not synchronise with the default stream. */
  Stream streamCreate();

  /** Destroys a stream; work that is enqueued still runs. */
  void streamDestroy(Stream stream);

  /** Waits for everything enqueued in a stream. */
  void streamSynchronize(Stream stream);

  /** Returns whether everything enqueued in a stream is done. */
  boolean streamQuery(Stream stream);

  /** Makes later work of a stream wait for an event. */
  void streamWaitEvent(Stream stream, Event event);

  // Events.

  /** Creates an event. */
  Event eventCreate(Timing timing);

  /** Destroys an event. */
  void eventDestroy(Event event);

  /** Records an event in a stream. */
  void eventRecord(Event event, Stream stream);

  /** Returns whether an event has been passed. */
  boolean eventQuery(Event event);

  /** Waits until an event has been passed. */
  void eventSynchronize(Event event);

  /** Returns the milliseconds between two events that both have been passed and take times. */
  float eventElapsedTime(Event start, Event end);

  // Modules and kernels.

  /**
   * Loads PTX (NUL-terminated or not) or a cubin.
   *
   * @throws CudaException with the compiler's log in its message when the image does not compile
   */
  Module moduleLoadDataEx(byte[] image, JitOptions options);

  /**
   * Compiles PTX for the current context's device ({@code cuLinkCreate}, {@code cuLinkAddData},
   * {@code cuLinkComplete}) and returns the cubin; needs {@link Optional#LINK}.
   *
   * @throws CudaException with the compiler's log in its message when the PTX does not compile
   */
  default byte[] linkPtx(byte[] ptx, JitOptions options) {
    throw new CudaException("cuLinkCreate", CudaResult.NOT_SUPPORTED, name() + " does not link");
  }

  /** Unloads a module. */
  void moduleUnload(Module module);

  /** Returns a kernel by its name. */
  Function moduleGetFunction(Module module, String name);

  /** Returns an attribute of a kernel. */
  int funcGetAttribute(FunctionAttribute attribute, Function function);

  /** Sets an attribute of a kernel. */
  void funcSetAttribute(Function function, FunctionAttribute attribute, int value);

  /**
   * Launches a kernel.
   *
   * @param function the kernel
   * @param grid blocks
   * @param block threads of a block
   * @param dynamicSharedBytes dynamic shared memory of a block
   * @param stream where the launch is enqueued
   * @param params the parameters as {@link KernelParams} lays them out
   */
  void launchKernel(
      Function function,
      Dim3 grid,
      Dim3 block,
      int dynamicSharedBytes,
      Stream stream,
      byte[] params);

  /** Launches a kernel with attributes; needs {@link Optional#LAUNCH_KERNEL_EX}. */
  void launchKernelEx(LaunchConfig config, Function function, byte[] params);

  /** Returns how many blocks of a kernel fit on a multiprocessor. */
  int occupancyMaxActiveBlocksPerMultiprocessor(
      Function function, int blockThreads, long dynamicSharedBytes);

  /** Encodes a tensor map as 128 bytes; needs {@link Optional#TENSOR_MAP}. */
  byte[] tensorMapEncodeTiled(TensorMap map);

  // Errors. These two never throw.

  /** Returns the name of a status, for example {@code CUDA_ERROR_OUT_OF_MEMORY}. */
  String getErrorName(int code);

  /** Returns what the driver says about a status. */
  String getErrorString(int code);
}

package org.touchstone.backends.cuda.jcuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.UUID;
import jcuda.Pointer;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.CUuuid;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;
import org.touchstone.backends.cuda.driver.Copy2d;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.DeviceAttribute;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.FunctionAttribute;
import org.touchstone.backends.cuda.driver.JitOptions;
import org.touchstone.backends.cuda.driver.LaunchConfig;
import org.touchstone.backends.cuda.driver.TensorMap;

/** Calls the driver through JCuda. */
final class JcudaDriver implements CudaDriver {
  private static final int NAME_BYTES = 256;
  private static final long END_OF_EXTRA = 0;
  private static final long PARAMETER_BUFFER = 1;
  private static final long PARAMETER_BUFFER_SIZE = 2;

  private final ForeignCalls foreign;

  JcudaDriver() {
    // Runs the static initialiser of JCuda, which loads its native library.
    JCudaDriver.setExceptionsEnabled(false);
    foreign = new ForeignCalls();
  }

  @Override
  public String name() {
    return "jcuda";
  }

  @Override
  public Set<Optional> optionalCalls() {
    return foreign.available();
  }

  private void check(String call, int code) {
    if (code != CUresult.CUDA_SUCCESS) {
      throw new CudaException(call, code, getErrorName(code) + ": " + getErrorString(code));
    }
  }

  @Override
  public void init() {
    check("cuInit", JCudaDriver.cuInit(0));
  }

  @Override
  public int driverGetVersion() {
    int[] version = new int[1];
    check("cuDriverGetVersion", JCudaDriver.cuDriverGetVersion(version));
    return version[0];
  }

  @Override
  public int deviceGetCount() {
    int[] count = new int[1];
    check("cuDeviceGetCount", JCudaDriver.cuDeviceGetCount(count));
    return count[0];
  }

  @Override
  public Device deviceGet(int ordinal) {
    Handles.OfDevice device = new Handles.OfDevice();
    check("cuDeviceGet", JCudaDriver.cuDeviceGet(device, ordinal));
    return device;
  }

  @Override
  public String deviceGetName(Device device) {
    byte[] name = new byte[NAME_BYTES];
    check("cuDeviceGetName", JCudaDriver.cuDeviceGetName(name, name.length, (CUdevice) device));
    return text(name);
  }

  private static String text(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8).strip();
  }

  @Override
  public UUID deviceGetUuid(Device device) {
    CUuuid uuid = new CUuuid();
    check("cuDeviceGetUuid", JCudaDriver.cuDeviceGetUuid(uuid, (CUdevice) device));
    ByteBuffer bytes = ByteBuffer.wrap(uuid.bytes);
    return new UUID(bytes.getLong(), bytes.getLong());
  }

  @Override
  public long deviceTotalMem(Device device) {
    long[] bytes = new long[1];
    check("cuDeviceTotalMem", JCudaDriver.cuDeviceTotalMem(bytes, (CUdevice) device));
    return bytes[0];
  }

  @Override
  public int deviceGetAttribute(DeviceAttribute attribute, Device device) {
    int[] value = new int[1];
    int code = JCudaDriver.cuDeviceGetAttribute(value, attribute.code(), (CUdevice) device);
    if (code == CUresult.CUDA_ERROR_INVALID_VALUE) {
      // A driver that is older than the attribute.
      return 0;
    }
    check("cuDeviceGetAttribute", code);
    return value[0];
  }

  @Override
  public Context devicePrimaryCtxRetain(Device device) {
    Handles.OfContext context = new Handles.OfContext();
    check(
        "cuDevicePrimaryCtxRetain",
        JCudaDriver.cuDevicePrimaryCtxRetain(context, (CUdevice) device));
    return context;
  }

  @Override
  public void devicePrimaryCtxRelease(Device device) {
    check("cuDevicePrimaryCtxRelease", JCudaDriver.cuDevicePrimaryCtxRelease((CUdevice) device));
  }

  @Override
  public void ctxSetCurrent(Context context) {
    check("cuCtxSetCurrent", JCudaDriver.cuCtxSetCurrent((CUcontext) context));
  }

  @Override
  public void ctxSynchronize() {
    check("cuCtxSynchronize", JCudaDriver.cuCtxSynchronize());
  }

  /** JCuda's pointers hold an address and an offset; an address alone is an offset from nothing. */
  private static CUdeviceptr on(DevicePointer pointer) {
    return new CUdeviceptr().withByteOffset(pointer.address());
  }

  private static Pointer on(MemorySegment segment) {
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

  @Override
  public Stream streamCreate() {
    Handles.OfStream stream = new Handles.OfStream();
    check(
        "cuStreamCreate",
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING));
    return stream;
  }

  @Override
  public void streamDestroy(Stream stream) {
    check("cuStreamDestroy", JCudaDriver.cuStreamDestroy((CUstream) stream));
  }

  @Override
  public void streamSynchronize(Stream stream) {
    check("cuStreamSynchronize", JCudaDriver.cuStreamSynchronize((CUstream) stream));
  }

  @Override
  public boolean streamQuery(Stream stream) {
    return done("cuStreamQuery", JCudaDriver.cuStreamQuery((CUstream) stream));
  }

  private boolean done(String call, int code) {
    if (code == CUresult.CUDA_ERROR_NOT_READY) {
      return false;
    }
    check(call, code);
    return true;
  }

  @Override
  public void streamWaitEvent(Stream stream, Event event) {
    check(
        "cuStreamWaitEvent", JCudaDriver.cuStreamWaitEvent((CUstream) stream, (CUevent) event, 0));
  }

  @Override
  public Event eventCreate(Timing timing) {
    Handles.OfEvent event = new Handles.OfEvent();
    int flags =
        timing == Timing.ENABLED
            ? CUevent_flags.CU_EVENT_DEFAULT
            : CUevent_flags.CU_EVENT_DISABLE_TIMING;
    check("cuEventCreate", JCudaDriver.cuEventCreate(event, flags));
    return event;
  }

  @Override
  public void eventDestroy(Event event) {
    check("cuEventDestroy", JCudaDriver.cuEventDestroy((CUevent) event));
  }

  @Override
  public void eventRecord(Event event, Stream stream) {
    check("cuEventRecord", JCudaDriver.cuEventRecord((CUevent) event, (CUstream) stream));
  }

  @Override
  public boolean eventQuery(Event event) {
    return done("cuEventQuery", JCudaDriver.cuEventQuery((CUevent) event));
  }

  @Override
  public void eventSynchronize(Event event) {
    check("cuEventSynchronize", JCudaDriver.cuEventSynchronize((CUevent) event));
  }

  @Override
  public float eventElapsedTime(Event start, Event end) {
    float[] milliseconds = new float[1];
    check(
        "cuEventElapsedTime",
        JCudaDriver.cuEventElapsedTime(milliseconds, (CUevent) start, (CUevent) end));
    return milliseconds[0];
  }

  @Override
  public Module moduleLoadDataEx(byte[] image, JitOptions options) {
    Handles.OfModule module = new Handles.OfModule();
    JITOptions jit = new JITOptions();
    if (options.maxRegisters() > 0) {
      jit.putInt(CUjit_option.CU_JIT_MAX_REGISTERS, options.maxRegisters());
    }
    if (options.logBytes() > 0) {
      jit.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[options.logBytes()]);
      jit.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, options.logBytes());
    }
    // PTX is text that ends with NUL; a cubin carries its own length.
    byte[] terminated = Arrays.copyOf(image, image.length + 1);
    int code = JCudaDriver.cuModuleLoadDataJIT(module, Pointer.to(terminated), jit);
    if (code != CUresult.CUDA_SUCCESS) {
      String log =
          options.logBytes() > 0 ? text(jit.getBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER)) : "";
      throw new CudaException(
          "cuModuleLoadDataEx",
          code,
          getErrorName(code)
              + ": "
              + getErrorString(code)
              + (log.isBlank() ? "" : "; the compiler says: " + log));
    }
    return module;
  }

  @Override
  public void moduleUnload(Module module) {
    check("cuModuleUnload", JCudaDriver.cuModuleUnload((CUmodule) module));
  }

  @Override
  public Function moduleGetFunction(Module module, String name) {
    Handles.OfFunction function = new Handles.OfFunction();
    check(
        "cuModuleGetFunction", JCudaDriver.cuModuleGetFunction(function, (CUmodule) module, name));
    return function;
  }

  @Override
  public int funcGetAttribute(FunctionAttribute attribute, Function function) {
    int[] value = new int[1];
    check(
        "cuFuncGetAttribute",
        JCudaDriver.cuFuncGetAttribute(value, attribute.code(), (CUfunction) function));
    return value[0];
  }

  @Override
  public void funcSetAttribute(Function function, FunctionAttribute attribute, int value) {
    check(
        "cuFuncSetAttribute",
        JCudaDriver.cuFuncSetAttribute((CUfunction) function, attribute.code(), value));
  }

  /** Writes the list that tells the driver where the packed parameters lie. */
  private static MemorySegment extra(Arena arena, byte[] params) {
    MemorySegment buffer = arena.allocate(Math.max(8, params.length), 64);
    MemorySegment.copy(MemorySegment.ofArray(params), 0, buffer, 0, params.length);
    MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_LONG, params.length);
    return arena.allocateFrom(
        ValueLayout.JAVA_LONG,
        PARAMETER_BUFFER,
        buffer.address(),
        PARAMETER_BUFFER_SIZE,
        size.address(),
        END_OF_EXTRA);
  }

  @Override
  public void launchKernel(
      Function function,
      Dim3 grid,
      Dim3 block,
      int dynamicSharedBytes,
      Stream stream,
      byte[] params) {
    try (Arena arena = Arena.ofConfined()) {
      check(
          "cuLaunchKernel",
          JCudaDriver.cuLaunchKernel(
              (CUfunction) function,
              grid.x(),
              grid.y(),
              grid.z(),
              block.x(),
              block.y(),
              block.z(),
              dynamicSharedBytes,
              (CUstream) stream,
              null,
              on(extra(arena, params))));
    }
  }

  @Override
  public void launchKernelEx(LaunchConfig config, Function function, byte[] params) {
    try (Arena arena = Arena.ofConfined()) {
      check(
          "cuLaunchKernelEx",
          foreign.launchKernelEx(
              config,
              ((Handles.OfFunction) function).address(),
              ((Handles.OfStream) config.stream()).address(),
              extra(arena, params)));
    }
  }

  @Override
  public int occupancyMaxActiveBlocksPerMultiprocessor(
      Function function, int blockThreads, long dynamicSharedBytes) {
    int[] blocks = new int[1];
    check(
        "cuOccupancyMaxActiveBlocksPerMultiprocessor",
        JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
            blocks, (CUfunction) function, blockThreads, dynamicSharedBytes));
    return blocks[0];
  }

  @Override
  public byte[] tensorMapEncodeTiled(TensorMap map) {
    byte[] encoded = new byte[TensorMap.BYTES];
    check("cuTensorMapEncodeTiled", foreign.tensorMapEncodeTiled(map, encoded));
    return encoded;
  }

  @Override
  public String getErrorName(int code) {
    String[] name = new String[1];
    JCudaDriver.cuGetErrorName(code, name);
    return name[0] == null ? "CUDA_ERROR_" + code : name[0];
  }

  @Override
  public String getErrorString(int code) {
    String[] text = new String[1];
    JCudaDriver.cuGetErrorString(code, text);
    return text[0] == null ? "no description" : text[0];
  }
}

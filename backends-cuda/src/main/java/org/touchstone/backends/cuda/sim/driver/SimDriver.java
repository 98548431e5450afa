package org.touchstone.backends.cuda.sim.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.touchstone.backends.cuda.driver.Copy2d;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.DeviceAttribute;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.FunctionAttribute;
import org.touchstone.backends.cuda.driver.JitOptions;
import org.touchstone.backends.cuda.driver.LaunchConfig;
import org.touchstone.backends.cuda.driver.TensorMap;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.SimDevice;
import org.touchstone.backends.cuda.sim.SimModule;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.check.SimulationException;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Program;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.ptx.PtxException;

/**
 * The driver API on simulated devices.
 *
 * <p>A finding becomes the status that a device would report, with the finding as its detail; those
 * of running work poison the context, as on a device: every later call fails with the first cause.
 * Thread-safe; the work of a context runs one piece at a time, each on several threads.
 */
public final class SimDriver implements CudaDriver {
  private record SimulatedDevice(int ordinal, DeviceProfile profile) implements Device {}

  /** Who is told of every kernel that ran. */
  public interface Listener {
    /** Tells of a launch that succeeded. */
    void launched(LaunchReport report);
  }

  private final List<DeviceProfile> profiles;
  private final Options options;
  private final Listener listener;
  private final Map<Integer, SimContext> contexts = new HashMap<>();
  private final Map<Long, Arena> hostMemory = new HashMap<>();
  private static final ThreadLocal<SimContext> CURRENT = new ThreadLocal<>();

  /** Creates a driver with a device per profile. */
  public SimDriver(List<DeviceProfile> profiles, Options options) {
    this(profiles, options, report -> {});
  }

  /** Creates a driver with a device per profile, and somebody to be told of launches. */
  public SimDriver(List<DeviceProfile> profiles, Options options, Listener listener) {
    this.profiles = List.copyOf(profiles);
    this.options = options;
    this.listener = listener;
  }

  private static CudaException error(String call, CudaResult result, String detail) {
    return new CudaException(call, result, detail);
  }

  private SimContext context(String call) {
    SimContext c = CURRENT.get();
    if (c == null || c.retained == 0) {
      throw error(call, CudaResult.INVALID_CONTEXT, "no context is current on this thread");
    }
    c.streams.check();
    return c;
  }

  @Override
  public String name() {
    return "sim";
  }

  @Override
  public Set<Optional> optionalCalls() {
    return Set.of();
  }

  @Override
  public void init() {}

  @Override
  public int driverGetVersion() {
    return 13000;
  }

  @Override
  public int deviceGetCount() {
    return profiles.size();
  }

  @Override
  public Device deviceGet(int ordinal) {
    if (ordinal < 0 || ordinal >= profiles.size()) {
      throw error("cuDeviceGet", CudaResult.INVALID_DEVICE, "no device " + ordinal);
    }
    return new SimulatedDevice(ordinal, profiles.get(ordinal));
  }

  @Override
  public String deviceGetName(Device device) {
    return ((SimulatedDevice) device).profile().name();
  }

  @Override
  public UUID deviceGetUuid(Device device) {
    String target = ((SimulatedDevice) device).profile().target();
    return UUID.nameUUIDFromBytes(("cuda-sim " + target).getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public long deviceTotalMem(Device device) {
    return SimDevice.DEFAULT_MEMORY;
  }

  @Override
  public int deviceGetAttribute(DeviceAttribute attribute, Device device) {
    return Occupancy.attribute(((SimulatedDevice) device).profile(), attribute);
  }

  @Override
  public synchronized Context devicePrimaryCtxRetain(Device device) {
    SimulatedDevice d = (SimulatedDevice) device;
    SimContext c =
        contexts.computeIfAbsent(
            d.ordinal(), o -> new SimContext(new SimDevice(d.profile(), options)));
    c.retained++;
    return c;
  }

  @Override
  public synchronized void devicePrimaryCtxRelease(Device device) {
    int ordinal = ((SimulatedDevice) device).ordinal();
    SimContext c = contexts.get(ordinal);
    if (c == null) {
      throw error("cuDevicePrimaryCtxRelease", CudaResult.INVALID_CONTEXT, "it is not retained");
    }
    c.retained--;
    if (c.retained == 0) {
      contexts.remove(ordinal);
    }
  }

  @Override
  public void ctxSetCurrent(Context context) {
    CURRENT.set((SimContext) context);
  }

  @Override
  public void ctxSynchronize() {
    SimContext c = context("cuCtxSynchronize");
    synchronized (c) {
      c.streams.synchroniseAll();
      c.streams.check();
    }
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

  /** What a call does when its turn in the stream comes. */
  private interface Task {
    void run(SimContext c, int number, org.touchstone.backends.cuda.sim.memory.LaunchOrder order);
  }

  private void submit(String call, Stream stream, Task task) {
    SimContext c = context(call);
    synchronized (c) {
      c.streams.enqueue(alive(call, stream), (number, order) -> task.run(c, number, order), null);
      c.streams.check();
    }
  }

  private static Streams.Stream alive(String call, Stream stream) {
    Streams.Stream s = (Streams.Stream) stream;
    if (s.destroyed) {
      throw error(call, CudaResult.INVALID_HANDLE, "the stream was destroyed");
    }
    return s;
  }

  private static Streams.Event alive(String call, Event event) {
    Streams.Event e = (Streams.Event) event;
    if (e.destroyed) {
      throw error(call, CudaResult.INVALID_HANDLE, "the event was destroyed");
    }
    return e;
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

  private static void row(
      SimContext c,
      Copy2d copy,
      long row,
      int n,
      org.touchstone.backends.cuda.sim.memory.LaunchOrder order) {
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

  @Override
  public Stream streamCreate() {
    SimContext c = context("cuStreamCreate");
    synchronized (c) {
      return c.streams.create();
    }
  }

  @Override
  public void streamDestroy(Stream stream) {
    SimContext c = context("cuStreamDestroy");
    synchronized (c) {
      c.streams.destroy(alive("cuStreamDestroy", stream));
    }
  }

  @Override
  public void streamSynchronize(Stream stream) {
    SimContext c = context("cuStreamSynchronize");
    synchronized (c) {
      c.streams.synchronise(alive("cuStreamSynchronize", stream));
      c.streams.check();
    }
  }

  @Override
  public boolean streamQuery(Stream stream) {
    SimContext c = context("cuStreamQuery");
    synchronized (c) {
      boolean done = c.streams.query(alive("cuStreamQuery", stream));
      c.streams.check();
      return done;
    }
  }

  @Override
  public void streamWaitEvent(Stream stream, Event event) {
    SimContext c = context("cuStreamWaitEvent");
    synchronized (c) {
      Streams.Work record = alive("cuStreamWaitEvent", event).record;
      if (record != null) {
        c.streams.enqueue(alive("cuStreamWaitEvent", stream), null, record);
      }
    }
  }

  @Override
  public Event eventCreate(Timing timing) {
    context("cuEventCreate");
    return new Streams.Event(timing);
  }

  @Override
  public void eventDestroy(Event event) {
    context("cuEventDestroy");
    alive("cuEventDestroy", event).destroyed = true;
  }

  @Override
  public void eventRecord(Event event, Stream stream) {
    SimContext c = context("cuEventRecord");
    synchronized (c) {
      alive("cuEventRecord", event).record =
          c.streams.enqueue(alive("cuEventRecord", stream), null, null);
    }
  }

  @Override
  public boolean eventQuery(Event event) {
    SimContext c = context("cuEventQuery");
    synchronized (c) {
      Streams.Work record = alive("cuEventQuery", event).record;
      if (record == null) {
        return true;
      }
      boolean done = c.streams.query(record);
      c.streams.check();
      return done;
    }
  }

  @Override
  public void eventSynchronize(Event event) {
    SimContext c = context("cuEventSynchronize");
    synchronized (c) {
      Streams.Work record = alive("cuEventSynchronize", event).record;
      if (record != null) {
        c.streams.synchronise(record);
      }
      c.streams.check();
    }
  }

  @Override
  public float eventElapsedTime(Event start, Event end) {
    String call = "cuEventElapsedTime";
    context(call);
    Streams.Event first = alive(call, start);
    Streams.Event last = alive(call, end);
    Streams.Work a = first.record;
    Streams.Work b = last.record;
    if (a == null || b == null || first.timing != Timing.ENABLED || last.timing != Timing.ENABLED) {
      throw error(call, CudaResult.INVALID_HANDLE, "both events need a record and times");
    }
    if (!a.done || !b.done) {
      throw error(call, CudaResult.NOT_READY, "the events have not been passed");
    }
    return (b.nanos - a.nanos) / 1e6f;
  }

  @Override
  public Module moduleLoadDataEx(byte[] image, JitOptions jit) {
    String call = "cuModuleLoadDataEx";
    SimContext c = context(call);
    int length = image.length;
    while (length > 0 && image[length - 1] == 0) {
      length--;
    }
    String text = new String(image, 0, length, StandardCharsets.UTF_8);
    if (!text.contains(".version") || text.indexOf('\0') >= 0) {
      throw error(call, CudaResult.NO_BINARY_FOR_GPU, "the simulator takes PTX text only");
    }
    try {
      SimContext.Module module = new SimContext.Module(c, c.device.load(text));
      synchronized (c) {
        c.modules.add(module);
      }
      return module;
    } catch (PtxException e) {
      throw error(call, CudaResult.INVALID_PTX, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void moduleUnload(Module module) {
    SimContext c = context("cuModuleUnload");
    SimContext.Module m = (SimContext.Module) module;
    synchronized (c) {
      if (m.unloaded) {
        throw error("cuModuleUnload", CudaResult.INVALID_HANDLE, "the module was unloaded before");
      }
      c.streams.synchroniseAll();
      m.unloaded = true;
      c.modules.remove(m);
      m.module.unload();
    }
  }

  @Override
  public Function moduleGetFunction(Module module, String name) {
    SimModule m = ((SimContext.Module) module).module;
    if (!m.kernels().contains(name)) {
      throw error("cuModuleGetFunction", CudaResult.NOT_FOUND, "no kernel " + name);
    }
    Program program = m.kernel(name);
    int limit = Math.max(DeviceProfile.SHARED_PER_BLOCK - program.staticShared(), 0);
    return new SimContext.Function((SimContext.Module) module, program, limit);
  }

  @Override
  public int funcGetAttribute(FunctionAttribute attribute, Function function) {
    SimContext.Function f = (SimContext.Function) function;
    Program p = f.program;
    return switch (attribute) {
      case MAX_THREADS_PER_BLOCK -> Occupancy.maxThreads(p);
      case SHARED_SIZE_BYTES -> p.staticShared();
      case CONST_SIZE_BYTES -> 0;
      case LOCAL_SIZE_BYTES -> p.localBytes();
      case NUM_REGS -> p.registers();
      case PTX_VERSION -> Integer.parseInt(f.module.module.text().version().replace(".", ""));
      case BINARY_VERSION -> f.module.context.device.profile().capability();
      case MAX_DYNAMIC_SHARED_SIZE_BYTES -> f.maxDynamicShared;
      case PREFERRED_SHARED_MEMORY_CARVEOUT -> f.carveout;
    };
  }

  @Override
  public void funcSetAttribute(Function function, FunctionAttribute attribute, int value) {
    String call = "cuFuncSetAttribute";
    SimContext.Function f = (SimContext.Function) function;
    switch (attribute) {
      case MAX_DYNAMIC_SHARED_SIZE_BYTES -> {
        int limit = f.module.context.device.profile().sharedPerBlockOptIn();
        if (value < 0 || value + f.program.staticShared() > limit) {
          throw error(
              call,
              CudaResult.INVALID_VALUE,
              value + " bytes and " + f.program.staticShared() + " static ones exceed " + limit);
        }
        f.maxDynamicShared = value;
      }
      case PREFERRED_SHARED_MEMORY_CARVEOUT -> f.carveout = value;
      default -> throw error(call, CudaResult.INVALID_VALUE, attribute + " is not settable");
    }
  }

  @Override
  public void launchKernel(
      Function function,
      Dim3 grid,
      Dim3 block,
      int dynamicSharedBytes,
      Stream stream,
      byte[] params) {
    String call = "cuLaunchKernel";
    SimContext.Function f = (SimContext.Function) function;
    SimContext c = context(call);
    if (f.module.unloaded) {
      throw error(call, CudaResult.INVALID_HANDLE, "the kernel's module was unloaded");
    }
    if (dynamicSharedBytes > f.maxDynamicShared) {
      throw error(
          call,
          CudaResult.INVALID_VALUE,
          dynamicSharedBytes
              + " bytes of dynamic shared memory exceed the kernel's limit of "
              + f.maxDynamicShared
              + "; set MAX_DYNAMIC_SHARED_SIZE_BYTES first");
    }
    if (block.count() > Occupancy.maxThreads(f.program)) {
      throw error(
          call,
          CudaResult.LAUNCH_OUT_OF_RESOURCES,
          block.count()
              + " threads per block exceed "
              + Occupancy.maxThreads(f.program)
              + " of kernel "
              + f.program.name());
    }
    org.touchstone.backends.cuda.sim.exec.LaunchConfig config =
        new org.touchstone.backends.cuda.sim.exec.LaunchConfig(
            grid.x(), grid.y(), grid.z(), block.x(), block.y(), block.z(), dynamicSharedBytes);
    try {
      c.device.checkLimits(f.program, config, params);
    } catch (SimulationException e) {
      // The driver refuses such launches at once, and the context survives.
      throw SimContext.exception(call, e);
    }
    byte[] copy = params.clone();
    submit(
        call,
        stream,
        (ctx, number, order) -> {
          try {
            listener.launched(ctx.device.launch(f.program, config, copy, number, order));
          } catch (SimulationException e) {
            throw SimContext.exception(call, e);
          }
        });
  }

  @Override
  public void launchKernelEx(LaunchConfig config, Function function, byte[] params) {
    boolean plain =
        config.start() == LaunchConfig.Start.AFTER_PREVIOUS
            && config.cluster().map(d -> d.count() == 1).orElse(true);
    if (!plain) {
      throw error("cuLaunchKernelEx", CudaResult.NOT_SUPPORTED, "no clusters, no early start");
    }
    launchKernel(
        function,
        config.grid(),
        config.block(),
        config.dynamicSharedBytes(),
        config.stream(),
        params);
  }

  @Override
  public int occupancyMaxActiveBlocksPerMultiprocessor(
      Function function, int blockThreads, long dynamicSharedBytes) {
    SimContext.Function f = (SimContext.Function) function;
    return Occupancy.blocks(
        f.module.context.device.profile(), f.program, blockThreads, dynamicSharedBytes);
  }

  @Override
  public byte[] tensorMapEncodeTiled(TensorMap map) {
    throw error("cuTensorMapEncodeTiled", CudaResult.NOT_SUPPORTED, "no tensor maps");
  }

  @Override
  public String getErrorName(int code) {
    return code == 0 ? "CUDA_SUCCESS" : "CUDA_ERROR_" + CudaResult.of(code);
  }

  @Override
  public String getErrorString(int code) {
    return CudaResult.of(code).name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
  }

  /** Returns what the contexts still hold: allocations, streams and modules, a line each. */
  public synchronized List<String> leaks() {
    List<String> out = new ArrayList<>();
    for (SimContext c : contexts.values()) {
      for (Allocation a : c.device.memory().live()) {
        out.add(FindingKind.LEAKED_ALLOCATION + ": the " + a + " was never freed");
      }
      if (!c.streams.live().isEmpty()) {
        out.add(c.streams.live().size() + " streams were never destroyed");
      }
      if (!c.modules.isEmpty()) {
        out.add(c.modules.size() + " modules were never unloaded");
      }
    }
    synchronized (hostMemory) {
      if (!hostMemory.isEmpty()) {
        out.add(hostMemory.size() + " pieces of page-locked memory were never freed");
      }
    }
    return out;
  }
}

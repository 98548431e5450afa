package org.touchstone.backends.cuda;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.HalException;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.FunctionAttribute;

/**
 * The primary context of a device, its modules, and the count of everything that was taken from the
 * driver. An error that loses the context is remembered: everything later is refused with it.
 * Thread-safe.
 */
public final class CudaContext implements AutoCloseable {
  /** Dynamic shared memory that a launch gets beside a few static KiB without asking first. */
  private static final int WITHOUT_OPTING_IN = 40 << 10;

  /** First architecture whose {@code mma.sync} takes E4M3 operands. */
  private static final int FIRST_WITH_E4M3 = 89;

  private static final System.Logger LOG = System.getLogger(CudaContext.class.getName());

  /** What is taken from the driver and has to be given back. */
  enum Resource {
    /** Retentions of the primary context. */
    CONTEXT,
    /** Streams. */
    STREAM,
    /** Events. */
    EVENT,
    /** Modules. */
    MODULE,
    /** Blocks of device memory. */
    DEVICE_MEMORY,
    /** Blocks of page-locked host memory. */
    HOST_MEMORY
  }

  private final CudaDriver driver;
  private final CudaDriver.Device device;
  private final CudaDriver.Context context;
  private final String uri;
  private final Evidence evidence;
  private final Gpu gpu;
  private final KernelImages images;
  private final Map<Resource, AtomicLong> live = new EnumMap<>(Resource.class);
  private final Map<String, CudaDriver.Module> modules = new HashMap<>();
  private final Map<String, CudaFunction> functions = new HashMap<>();
  private final Map<String, Integer> shared = new HashMap<>();
  private final Map<Occupancy, Integer> resident = new HashMap<>();
  private final AtomicReference<@Nullable CudaException> lost = new AtomicReference<>();
  private volatile Function<PtxSnapshot.Entry, byte[]> edit = PtxSnapshot::read;

  private CudaContext(
      CudaDriver driver,
      CudaDriver.Device device,
      String uri,
      Evidence evidence,
      Gpu gpu,
      KernelImages images) {
    this.driver = driver;
    this.images = images;
    this.device = device;
    this.uri = uri;
    this.evidence = evidence;
    this.gpu = gpu;
    for (Resource resource : Resource.values()) {
      live.put(resource, new AtomicLong());
    }
    context = driver.devicePrimaryCtxRetain(device);
    taken(Resource.CONTEXT);
  }

  /**
   * Opens a device of an initialised driver.
   *
   * @param images where its modules come from
   * @throws HalException when the driver refuses, with its words
   */
  static CudaContext open(
      CudaDriver driver,
      CudaDriver.Device device,
      String uri,
      Evidence evidence,
      Function<Gpu, KernelImages> images) {
    try {
      Gpu gpu = Gpu.of(driver, device);
      return new CudaContext(driver, device, uri, evidence, gpu, images.apply(gpu));
    } catch (CudaException e) {
      throw mapped("opening the device", e, uri);
    }
  }

  CudaDriver driver() {
    return driver;
  }

  CudaDriver.Device device() {
    return device;
  }

  String uri() {
    return uri;
  }

  /** Returns what executes the kernels. */
  public Evidence evidence() {
    return evidence;
  }

  Gpu gpu() {
    return gpu;
  }

  /** Returns the number of multiprocessors. */
  public int multiprocessors() {
    return gpu.multiprocessors();
  }

  /** Returns the bytes of shared memory that a block may opt into. */
  public int sharedPerBlock() {
    return gpu.sharedPerBlock();
  }

  /** Returns whether the device multiplies E4M3 by E4M3 in one instruction of a warp. */
  public boolean multipliesE4m3() {
    return PtxSnapshot.choose("gemm_mma", gpu.computeCapability()).from() >= FIRST_WITH_E4M3;
  }

  /**
   * Makes the context current on the calling thread.
   *
   * @throws HalException when the context was lost
   */
  void enter() {
    CudaException cause = lost.get();
    if (cause != null) {
      throw lost(cause);
    }
    driver.ctxSetCurrent(context);
  }

  /** Returns whether an error took the context away. */
  boolean lost() {
    return lost.get() != null;
  }

  /** Turns a driver's failure into the HAL's, and remembers one that loses the context. */
  HalException failure(String doing, CudaException failure) {
    if (failure.result().losesContext()) {
      lost.compareAndSet(null, failure);
      CudaException first = lost.get();
      return lost(first == null ? failure : first);
    }
    return mapped(doing, failure, uri);
  }

  private HalException lost(CudaException first) {
    return new HalException(
        ErrorCode.DEVICE_LOST,
        "the context was lost: " + first.getMessage(),
        null,
        uri,
        "start the process again; run the case under compute-sanitizer, or on a cuda-sim device, to"
            + " find the kernel's mistake",
        first);
  }

  private static HalException mapped(String doing, CudaException failure, String uri) {
    CudaResult result = failure.result();
    ErrorCode code =
        result == CudaResult.OUT_OF_MEMORY ? ErrorCode.OUT_OF_MEMORY : ErrorCode.NATIVE_FAILURE;
    String remedy =
        switch (result) {
          case OUT_OF_MEMORY -> "close buffers, use smaller tensors, or choose another device";
          case DEVICE_UNAVAILABLE -> "stop the process that uses the device exclusively";
          case UNSUPPORTED_PTX_VERSION, SYSTEM_DRIVER_MISMATCH -> "update the NVIDIA driver";
          default -> "see the driver's log (dmesg, nvidia-smi)";
        };
    return new HalException(
        code, doing + " failed: " + failure.getMessage(), null, uri, remedy, failure);
  }

  void taken(Resource resource) {
    count(resource).incrementAndGet();
  }

  void released(Resource resource) {
    count(resource).decrementAndGet();
  }

  private AtomicLong count(Resource resource) {
    AtomicLong count = live.get(resource);
    if (count == null) {
      throw new IllegalStateException("no counter of " + resource);
    }
    return count;
  }

  /** Returns how many are taken and not given back. */
  long live(Resource resource) {
    return count(resource).get();
  }

  /**
   * Gives something back; a driver that lost the context refuses, which changes nothing any more.
   */
  void release(Resource resource, Runnable call) {
    released(resource);
    try {
      driver.ctxSetCurrent(context);
      call.run();
    } catch (CudaException e) {
      LOG.log(
          System.Logger.Level.DEBUG, () -> "giving back a " + resource + " of " + uri + ": " + e);
    }
  }

  /**
   * Returns a kernel, loading its module at the first use.
   *
   * @param module name of the source file without its ending
   * @param name name of the kernel
   */
  public synchronized CudaFunction function(String module, String name) {
    enter();
    try {
      CudaFunction known = functions.get(name);
      if (known != null) {
        return known;
      }
      CudaDriver.Module loaded = modules.get(module);
      if (loaded == null) {
        PtxSnapshot.Entry entry = PtxSnapshot.choose(module, gpu.computeCapability());
        loaded = images.load(module, edit.apply(entry));
        taken(Resource.MODULE);
        modules.put(module, loaded);
      }
      CudaFunction function = new CudaFunction(name, driver.moduleGetFunction(loaded, name));
      functions.put(name, function);
      return function;
    } catch (CudaException e) {
      throw failure("loading kernel " + name + " of module " + module, e);
    }
  }

  /** Reads modules that are loaded from now on in another way, to seed defects. */
  void edit(Function<PtxSnapshot.Entry, byte[]> reader) {
    edit = reader;
  }

  /** Returns a kernel that launches with more dynamic shared memory than every block gets. */
  public synchronized CudaFunction function(String module, String name, int dynamicSharedBytes) {
    CudaFunction function = function(module, name);
    int granted = shared.getOrDefault(name, WITHOUT_OPTING_IN);
    if (dynamicSharedBytes <= granted) {
      return function;
    }
    try {
      // Kernels of several specs share the function: the limit only ever rises.
      driver.funcSetAttribute(
          function.handle(), FunctionAttribute.MAX_DYNAMIC_SHARED_SIZE_BYTES, dynamicSharedBytes);
      shared.put(name, dynamicSharedBytes);
      return function;
    } catch (CudaException e) {
      throw failure("reserving shared memory for kernel " + name, e);
    }
  }

  /**
   * Returns how many blocks of a kernel the device runs at once.
   *
   * @param threads threads of a block
   * @param dynamicSharedBytes dynamic shared memory of a block
   */
  synchronized int residentBlocks(CudaFunction function, int threads, int dynamicSharedBytes) {
    return resident.computeIfAbsent(
        new Occupancy(function.name(), threads, dynamicSharedBytes),
        key ->
            multiprocessors()
                * Math.max(
                    1,
                    driver.occupancyMaxActiveBlocksPerMultiprocessor(
                        function.handle(), threads, dynamicSharedBytes)));
  }

  private record Occupancy(String function, int threads, int dynamicSharedBytes) {}

  /** Unloads the modules and gives the context back. */
  @Override
  public synchronized void close() {
    modules.values().forEach(module -> release(Resource.MODULE, () -> driver.moduleUnload(module)));
    modules.clear();
    functions.clear();
    for (Resource resource : Resource.values()) {
      if (resource != Resource.CONTEXT && live(resource) != 0) {
        LOG.log(
            System.Logger.Level.WARNING,
            uri + " is closed with " + live(resource) + " of " + resource + " not given back");
      }
    }
    release(Resource.CONTEXT, () -> driver.devicePrimaryCtxRelease(device));
  }
}

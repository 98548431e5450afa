package org.touchstone.backends.cuda.sim.driver;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.FunctionAttribute;
import org.touchstone.backends.cuda.driver.JitOptions;
import org.touchstone.backends.cuda.driver.LaunchConfig;
import org.touchstone.backends.cuda.driver.TensorMap;
import org.touchstone.backends.cuda.sim.DeviceProfile;
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
public final class SimDriver extends StreamCalls {
  /** Who is told of every kernel that ran. */
  public interface Listener {
    /** Tells of a launch that succeeded. */
    void launched(LaunchReport report);
  }

  private final Listener listener;

  /** Creates a driver with a device per profile. */
  public SimDriver(List<DeviceProfile> profiles, Options options) {
    this(profiles, options, report -> {});
  }

  /** Creates a driver with a device per profile, and somebody to be told of launches. */
  public SimDriver(List<DeviceProfile> profiles, Options options, Listener listener) {
    super(profiles, options);
    this.listener = listener;
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

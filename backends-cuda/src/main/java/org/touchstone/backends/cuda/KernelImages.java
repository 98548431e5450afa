package org.touchstone.backends.cuda;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.touchstone.backends.cuda.compiler.CudaSource;
import org.touchstone.backends.cuda.compiler.Nvrtc;
import org.touchstone.backends.cuda.compiler.NvrtcException;
import org.touchstone.backends.cuda.compiler.NvrtcLoader;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.JitOptions;
import org.touchstone.backends.spi.BackendContext;

/**
 * Where modules come from: NVRTC's cubins for exactly the device where it is installed, otherwise
 * what the driver's compiler makes of the PTX in the jar. Either is compiled once and kept in the
 * cache that all backends share. Thread-safe as far as the driver is.
 */
final class KernelImages {
  private static final String ONLY_DRIVER = "driver";

  private final CudaDriver driver;
  private final Gpu gpu;
  private final Optional<BackendContext> services;
  private final Optional<Nvrtc> nvrtc;
  private final String device;

  private KernelImages(
      CudaDriver driver,
      Gpu gpu,
      Optional<BackendContext> services,
      Optional<Nvrtc> nvrtc,
      String device) {
    this.driver = driver;
    this.gpu = gpu;
    this.services = services;
    this.nvrtc = nvrtc;
    this.device = device;
  }

  /** Loads the PTX itself, as simulators do. */
  static KernelImages ofPtx(CudaDriver driver, Gpu gpu) {
    return new KernelImages(driver, gpu, Optional.empty(), Optional.empty(), "");
  }

  /**
   * Compiles through the cache.
   *
   * @param device what the driver calls the device, with its version
   */
  static KernelImages compiled(CudaDriver driver, Gpu gpu, BackendContext services, String device) {
    return new KernelImages(
        driver, gpu, Optional.of(services), nvrtc(services, gpu.computeCapability()), device);
  }

  private static Optional<Nvrtc> nvrtc(BackendContext services, int capability) {
    if (services.configuration().setting(CudaSettings.COMPILER).value().equals(ONLY_DRIVER)) {
      return Optional.empty();
    }
    return switch (NvrtcLoader.load(services.nativeLibraries())) {
      case NvrtcLoader.Outcome.Absent absent -> {
        services.notice("kernels are compiled by the driver: " + absent.reason());
        yield Optional.empty();
      }
      case NvrtcLoader.Outcome.Found found -> {
        Nvrtc compiler = found.compiler();
        if (!compiler.compilesFor(capability)) {
          services.notice(
              "kernels are compiled by the driver: NVRTC "
                  + PtxVersions.render(compiler.version())
                  + " at "
                  + compiler.path()
                  + " does not know sm_"
                  + capability);
        }
        yield Optional.of(compiler).filter(some -> some.compilesFor(capability));
      }
    };
  }

  /** Something that the cache keeps. */
  private record Image(List<String> key, Supplier<byte[]> compile) {}

  /**
   * Loads a module.
   *
   * @param ptx the PTX that ships
   * @throws CudaException when the driver takes neither the image nor the PTX
   */
  CudaDriver.Module load(String module, byte[] ptx) {
    return services
        .flatMap(some -> fromSource(some, module).or(() -> fromPtx(some, module, ptx)))
        .orElseGet(() -> driver.moduleLoadDataEx(ptx, JitOptions.DEFAULT));
  }

  private Optional<CudaDriver.Module> fromSource(BackendContext some, String module) {
    Optional<String> source = CudaSource.of(module);
    if (nvrtc.isEmpty() || source.isEmpty()) {
      return Optional.empty();
    }
    Nvrtc compiler = nvrtc.get();
    List<String> key =
        List.of("cuda", "nvrtc", source.get(), gpu.target(), Integer.toString(compiler.version()));
    try {
      return cached(
          some,
          module,
          new Image(
              key, () -> compiler.compile(source.get(), module + ".cu", gpu.computeCapability())));
    } catch (NvrtcException e) {
      some.notice(
          "the driver compiles kernels of " + module + " instead of NVRTC: " + e.getMessage());
      return Optional.empty();
    }
  }

  private Optional<CudaDriver.Module> fromPtx(BackendContext some, String module, byte[] ptx) {
    if (!driver.optionalCalls().contains(CudaDriver.Optional.LINK)) {
      return Optional.empty();
    }
    List<String> key =
        List.of(
            "cuda",
            "ptx",
            new String(ptx, StandardCharsets.US_ASCII),
            gpu.target(),
            device,
            Integer.toString(driver.driverGetVersion()));
    return cached(some, module, new Image(key, () -> driver.linkPtx(ptx, JitOptions.DEFAULT)));
  }

  /** Loads a cubin; none when the driver refuses it, after which the cache forgets it. */
  private Optional<CudaDriver.Module> cached(BackendContext some, String module, Image image) {
    try {
      byte[] cubin =
          some.kernelCache()
              .get(image.key, "CUDA module " + module + " for " + gpu.target(), image.compile);
      return Optional.of(driver.moduleLoadDataEx(cubin, JitOptions.DEFAULT));
    } catch (CudaException e) {
      if (e.result().losesContext() || e.result() == CudaResult.OUT_OF_MEMORY) {
        throw e;
      }
      some.kernelCache().invalidate(image.key, String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }
}

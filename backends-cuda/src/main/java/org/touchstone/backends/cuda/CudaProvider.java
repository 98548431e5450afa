package org.touchstone.backends.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Eligibility;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.HalException;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.DeviceAttribute;
import org.touchstone.backends.cuda.jcuda.JcudaLoader;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.NativeLibraries;
import org.touchstone.backends.spi.Probe;

/** Finds NVIDIA GPUs, {@code cuda://0} and so on, in the driver's order. */
public final class CudaProvider implements BackendProvider {
  private static final String SCHEME = "cuda://";
  private static final int PROHIBITED = 2;
  private static final int EXCLUSIVE_PROCESS = 3;

  private final Function<NativeLibraries, JcudaLoader.Outcome> loader;

  /** Created by the service loader. */
  public CudaProvider() {
    this(JcudaLoader::load);
  }

  CudaProvider(Function<NativeLibraries, JcudaLoader.Outcome> loader) {
    this.loader = loader;
  }

  @Override
  public BackendDescription description() {
    return new BackendDescription("cuda", "0.1.0", 1, 1, "NVIDIA GPUs");
  }

  @Override
  public Probe probe(BackendContext context) {
    return switch (loader.apply(context.nativeLibraries())) {
      case JcudaLoader.Outcome.Missing missing -> new Probe.Absent(missing.reason());
      case JcudaLoader.Outcome.Failed failed -> new Probe.Broken(failed.reason());
      case JcudaLoader.Outcome.Loaded loaded -> probe(loaded.driver(), context);
    };
  }

  private static Probe probe(CudaDriver driver, BackendContext context) {
    int version;
    int count;
    try {
      driver.init();
      version = driver.driverGetVersion();
      count = driver.deviceGetCount();
    } catch (CudaException e) {
      return refused(e);
    }
    if (count == 0) {
      return new Probe.Absent(noDevice("the driver counts 0 devices"));
    }
    List<DeviceInfo> devices = new ArrayList<>();
    List<Reason> reasons = new ArrayList<>();
    for (int ordinal = 0; ordinal < count; ordinal++) {
      String uri = SCHEME + ordinal;
      try {
        CudaDriver.Device device = driver.deviceGet(ordinal);
        Optional<Reason> reason = unusable(driver, device, version, uri);
        if (reason.isEmpty()) {
          devices.add(info(driver, device, uri, version));
        }
        reason.ifPresent(reasons::add);
      } catch (CudaException e) {
        reasons.add(Reason.of(ReasonCode.DRIVER_REFUSED, uri + ": " + e.getMessage()));
      }
    }
    if (devices.isEmpty()) {
      return new Probe.Broken(reasons.getFirst());
    }
    reasons.forEach(reason -> context.notice("not offered: " + reason));
    return new Probe.Ready(devices);
  }

  private static Probe refused(CudaException failure) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure.result()) {
      case NO_DEVICE -> new Probe.Absent(noDevice(message));
      case STUB_LIBRARY ->
          new Probe.Absent(
              Reason.of(
                  ReasonCode.DRIVER_MISSING,
                  "the library found is one that the toolkit has for linking alone: " + message,
                  "take the folder lib64/stubs of the toolkit off the library path and install the"
                      + " driver"));
      case SYSTEM_DRIVER_MISMATCH ->
          new Probe.Broken(
              Reason.of(
                  ReasonCode.DRIVER_REFUSED,
                  message,
                  "restart the machine: the library was updated and the kernel module was not"));
      default -> new Probe.Broken(Reason.of(ReasonCode.DRIVER_REFUSED, message));
    };
  }

  private static Reason noDevice(String detail) {
    return Reason.of(
        ReasonCode.NO_DEVICE,
        detail,
        "check nvidia-smi, CUDA_VISIBLE_DEVICES and the container's device access");
  }

  private static Optional<Reason> unusable(
      CudaDriver driver, CudaDriver.Device device, int version, String uri) {
    int capability = Gpu.of(driver, device).computeCapability();
    int lowest = PtxSnapshot.lowestComputeCapability();
    if (capability < lowest) {
      return Optional.of(
          Reason.of(
              ReasonCode.CAPABILITY,
              uri
                  + " has compute capability "
                  + capability / 10.0
                  + ", the kernels need "
                  + lowest / 10.0
                  + " or newer",
              "choose a newer GPU or another backend"));
    }
    int needed = PtxVersions.driverFor(PtxSnapshot.ptxVersionFor(capability));
    if (version < needed) {
      return Optional.of(
          Reason.of(
              ReasonCode.DRIVER_TOO_OLD,
              "the driver supports CUDA "
                  + PtxVersions.render(version)
                  + ", the kernels for "
                  + uri
                  + " need "
                  + PtxVersions.render(needed),
              "update the NVIDIA driver to one for CUDA " + PtxVersions.render(needed)));
    }
    return busy(driver, device, uri);
  }

  private static Optional<Reason> busy(CudaDriver driver, CudaDriver.Device device, String uri) {
    int mode = driver.deviceGetAttribute(DeviceAttribute.COMPUTE_MODE, device);
    if (mode == PROHIBITED) {
      return Optional.of(
          Reason.of(
              ReasonCode.DEVICE_BUSY,
              uri + " is in prohibited compute mode",
              "set nvidia-smi --compute-mode=0"));
    }
    if (mode == EXCLUSIVE_PROCESS) {
      // Only a context shows whether another process has the device.
      try {
        driver.devicePrimaryCtxRetain(device);
        driver.devicePrimaryCtxRelease(device);
      } catch (CudaException e) {
        if (e.result() == CudaResult.DEVICE_UNAVAILABLE) {
          return Optional.of(
              Reason.of(
                  ReasonCode.DEVICE_BUSY,
                  uri + " is in exclusive use by another process: " + e.getMessage()));
        }
        throw e;
      }
    }
    return Optional.empty();
  }

  private static DeviceInfo info(
      CudaDriver driver, CudaDriver.Device device, String uri, int version) {
    Gpu gpu = Gpu.of(driver, device);
    long memory = driver.deviceTotalMem(device);
    boolean integrated = driver.deviceGetAttribute(DeviceAttribute.INTEGRATED, device) != 0;
    return new DeviceInfo(
        uri,
        "cuda",
        driver.deviceGetName(device),
        DeviceKind.GPU,
        Evidence.HARDWARE,
        Eligibility.AUTOMATIC,
        HostAccess.COPY,
        integrated ? 0 : memory,
        integrated ? memory : 0,
        0,
        Optional.of(driver.deviceGetUuid(device).toString()),
        Map.of(
            "driver",
            driver.name() + ", CUDA " + PtxVersions.render(version),
            "target",
            gpu.target(),
            "multiprocessors",
            Integer.toString(gpu.multiprocessors()),
            "shared memory per block",
            gpu.sharedPerBlock() + " bytes"));
  }

  @Override
  public BackendDevice open(DeviceInfo info, BackendContext context) {
    if (!(loader.apply(context.nativeLibraries()) instanceof JcudaLoader.Outcome.Loaded loaded)) {
      throw new HalException(
          ErrorCode.UNKNOWN_DEVICE,
          "the CUDA driver is gone since the device was found",
          null,
          info.uri(),
          "install the NVIDIA driver",
          null);
    }
    CudaDriver driver = loaded.driver();
    try {
      driver.init();
      return new CudaDevice(
          CudaContext.open(
              driver,
              find(driver, info),
              info.uri(),
              info.evidence(),
              gpu -> KernelImages.compiled(driver, gpu, context, info.name())));
    } catch (CudaException e) {
      throw new HalException(
          ErrorCode.NATIVE_FAILURE,
          "the device cannot be opened: " + e.getMessage(),
          null,
          info.uri(),
          "see nvidia-smi",
          e);
    }
  }

  /** Finds the device again by its identity: the order of devices may have changed. */
  private static CudaDriver.Device find(CudaDriver driver, DeviceInfo info) {
    for (int ordinal = 0; ordinal < driver.deviceGetCount(); ordinal++) {
      CudaDriver.Device device = driver.deviceGet(ordinal);
      if (info.uuid().equals(Optional.of(driver.deviceGetUuid(device).toString()))) {
        return device;
      }
    }
    throw new HalException(
        ErrorCode.UNKNOWN_DEVICE,
        "no GPU has the identity " + info.uuid().orElse("(none)") + " any more",
        null,
        info.uri(),
        "list the devices again",
        null);
  }
}

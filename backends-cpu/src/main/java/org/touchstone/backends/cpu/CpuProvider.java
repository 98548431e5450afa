package org.touchstone.backends.cpu;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Eligibility;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.HalException;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.cpu.reference.ReferenceDevice;
import org.touchstone.backends.cpu.simd.SimdDevice;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;

/**
 * Offers {@code cpu://simd}, the fast device, and {@code cpu://reference}, the oracle as a device.
 */
public final class CpuProvider implements BackendProvider {
  private static final String SIMD = "cpu://simd";
  private static final String REFERENCE = "cpu://reference";

  /** Created by the service loader. */
  public CpuProvider() {}

  @Override
  public BackendDescription description() {
    return new BackendDescription(
        "cpu", "0.1.0", 1, 1, "the host's processor: SIMD kernels and the FP64 reference");
  }

  @Override
  public Probe probe(BackendContext context) {
    int threads = CpuThreads.configured(context.configuration());
    String pinned;
    KernelChoice choice;
    try {
      pinned = CpuThreads.pinned(context.configuration()) ? "on" : "off";
      choice = KernelChoice.of(context.configuration(), context.nativeLibraries());
    } catch (HalException e) {
      return new Probe.Broken(
          Reason.of(ReasonCode.NATIVE_LIBRARY_FAILED, String.valueOf(e.getMessage())));
    }
    return new Probe.Ready(
        List.of(
            device(
                SIMD,
                "SIMD kernels on the host's processor",
                Eligibility.AUTOMATIC,
                Map.of(
                    "kernels",
                    choice.kernels().name() + ": " + choice.reason(),
                    "vector",
                    SimdDevice.vectors(),
                    "threads",
                    Integer.toString(threads),
                    "pinned",
                    pinned)),
            device(
                REFERENCE,
                "scalar FP64 reference",
                Eligibility.NAMED_ONLY,
                Map.of("arithmetic", "FP64, scalar", "threads", Integer.toString(threads)))));
  }

  private static DeviceInfo device(
      String uri, String name, Eligibility eligibility, Map<String, String> properties) {
    return new DeviceInfo(
        uri,
        "cpu",
        name,
        DeviceKind.CPU,
        Evidence.HARDWARE,
        eligibility,
        HostAccess.DIRECT,
        0,
        HostMemory.physicalBytes(),
        0,
        Optional.empty(),
        properties);
  }

  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    CpuThreads threads = CpuThreads.open(context);
    return switch (device.uri()) {
      case SIMD ->
          new SimdDevice(
              new CpuMemory.Source(),
              threads,
              KernelChoice.of(context.configuration(), context.nativeLibraries()).kernels(),
              CpuQueue::new);
      case REFERENCE -> new ReferenceDevice(new CpuMemory.Source(), threads, CpuQueue::new);
      default -> {
        threads.close();
        throw new HalException(
            ErrorCode.UNKNOWN_DEVICE,
            device.uri() + " is not a cpu device; there are " + SIMD + ", " + REFERENCE);
      }
    };
  }
}

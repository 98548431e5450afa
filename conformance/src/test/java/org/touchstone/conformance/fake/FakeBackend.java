package org.touchstone.conformance.fake;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Evidence;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Probe;

/** Finds devices that add. */
public final class FakeBackend implements BackendProvider {
  private final List<DeviceInfo> devices;
  private final UnaryOperator<Kernel<AddArgs>> kernel;
  private final Function<AddSpec, KernelTraits> traits;

  private FakeBackend(
      List<DeviceInfo> devices,
      UnaryOperator<Kernel<AddArgs>> kernel,
      Function<AddSpec, KernelTraits> traits) {
    this.devices = devices;
    this.kernel = kernel;
    this.traits = traits;
  }

  /** Creates a backend of correct devices that work on host memory. */
  public static FakeBackend of(String... uris) {
    return new FakeBackend(
        Arrays.stream(uris)
            .map(uri -> device(uri, HostAccess.DIRECT, Eligibility.AUTOMATIC))
            .toList(),
        UnaryOperator.identity(),
        spec -> KernelTraits.PLAIN_F32);
  }

  /** Returns this backend with other devices. */
  public FakeBackend with(DeviceInfo... others) {
    return new FakeBackend(List.of(others), kernel, traits);
  }

  /** Returns this backend with a kernel made from the correct one. */
  public FakeBackend running(UnaryOperator<Kernel<AddArgs>> made) {
    return new FakeBackend(devices, made, traits);
  }

  /** Returns this backend with kernels that declare something else. */
  public FakeBackend declaring(Function<AddSpec, KernelTraits> declared) {
    return new FakeBackend(devices, kernel, declared);
  }

  /** Describes a device. */
  public static DeviceInfo device(String uri, HostAccess access, Eligibility eligibility) {
    return new DeviceInfo(
        uri,
        "fake",
        "adder",
        DeviceKind.CPU,
        Evidence.HARDWARE,
        eligibility,
        access,
        0,
        1L << 30,
        0,
        Optional.empty(),
        Map.of());
  }

  @Override
  public BackendDescription description() {
    return new BackendDescription("fake", "1", 1, 1, "adds");
  }

  @Override
  public Probe probe(BackendContext context) {
    return new Probe.Ready(devices);
  }

  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    return new FakeDevice(device.hostAccess(), kernel, traits);
  }
}

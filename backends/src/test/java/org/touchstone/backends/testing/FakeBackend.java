package org.touchstone.backends.testing;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Evidence;
import org.touchstone.api.HostAccess;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;

/** A provider whose probe and devices a test supplies. */
public final class FakeBackend implements BackendProvider {
  private final BackendDescription description;
  private final Supplier<Probe> probe;
  private final Function<DeviceInfo, BackendDevice> open;
  private final AtomicInteger probes = new AtomicInteger();
  private final AtomicInteger opened = new AtomicInteger();

  private FakeBackend(
      BackendDescription description,
      Supplier<Probe> probe,
      Function<DeviceInfo, BackendDevice> open) {
    this.description = description;
    this.probe = probe;
    this.open = open;
  }

  /** Creates a backend that finds the given devices, all of them {@link FakeDevice}s. */
  public static FakeBackend of(String name, DeviceInfo... devices) {
    return new FakeBackend(
        described(name, 1, 1),
        () -> new Probe.Ready(List.of(devices)),
        info -> new FakeDevice(info.hostAccess(), FakeQueue.Execution.IMMEDIATE));
  }

  /** Creates a backend with one device. */
  public static FakeBackend of(String name, BackendDevice device, HostAccess access) {
    DeviceInfo info = cpu(name + "://0", name, access);
    return of(name, info).opening(i -> device);
  }

  /** Creates a backend whose probe answers as given. */
  public static FakeBackend probing(String name, Supplier<Probe> probe) {
    return of(name).with(probe);
  }

  /** Creates a backend of an SPI range. */
  public static FakeBackend ofSpi(String name, int oldest, int builtFor) {
    return new FakeBackend(
        described(name, builtFor, oldest),
        () -> {
          throw new AssertionError("a backend of another SPI version must not be probed");
        },
        info -> {
          throw new AssertionError("a backend of another SPI version must not be opened");
        });
  }

  private FakeBackend with(Supplier<Probe> other) {
    return new FakeBackend(description, other, open);
  }

  /** Returns this backend with another way to open devices. */
  public FakeBackend opening(Function<DeviceInfo, BackendDevice> other) {
    return new FakeBackend(description, probe, other);
  }

  /** Returns this backend with another SPI range. */
  public FakeBackend describedAs(int oldest, int builtFor) {
    return new FakeBackend(described(description.name(), builtFor, oldest), probe, open);
  }

  private static BackendDescription described(String name, int builtFor, int oldest) {
    return new BackendDescription(name, "1.2.3", builtFor, oldest, "a backend in memory");
  }

  /** Describes a processor. */
  public static DeviceInfo cpu(String uri, String backend, HostAccess access) {
    return device(uri, backend, DeviceKind.CPU, Evidence.HARDWARE, access, 0, 0);
  }

  /** Describes a device. */
  public static DeviceInfo device(
      String uri,
      String backend,
      DeviceKind kind,
      Evidence evidence,
      HostAccess access,
      long dedicatedMemory,
      double score) {
    return new DeviceInfo(
        uri,
        backend,
        "device in memory",
        kind,
        evidence,
        Eligibility.AUTOMATIC,
        access,
        dedicatedMemory,
        1L << 30,
        score,
        Optional.empty(),
        Map.of());
  }

  /** Returns a description with another eligibility. */
  public static DeviceInfo namedOnly(DeviceInfo d) {
    return new DeviceInfo(
        d.uri(),
        d.backend(),
        d.name(),
        d.kind(),
        d.evidence(),
        Eligibility.NAMED_ONLY,
        d.hostAccess(),
        d.dedicatedMemory(),
        d.sharedMemory(),
        d.score(),
        d.uuid(),
        d.properties());
  }

  /** Returns how often it was probed. */
  public int probes() {
    return probes.get();
  }

  /** Returns how many devices it opened. */
  public int opened() {
    return opened.get();
  }

  @Override
  public BackendDescription description() {
    return description;
  }

  @Override
  public Probe probe(BackendContext context) {
    probes.incrementAndGet();
    return probe.get();
  }

  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    opened.incrementAndGet();
    return open.apply(device);
  }
}

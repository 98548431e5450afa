package org.touchstone.tools.model.inference;

import java.util.List;
import java.util.ServiceLoader;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.HostAccess;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;

/** The CPU backend, but its devices claim memory that the host reaches by copies only. */
final class CopyingCpu implements BackendProvider {
  private final BackendProvider cpu =
      ServiceLoader.load(BackendProvider.class).stream()
          .map(ServiceLoader.Provider::get)
          .filter(provider -> provider.description().name().equals("cpu"))
          .findFirst()
          .orElseThrow();

  @Override
  public BackendDescription description() {
    return cpu.description();
  }

  @Override
  public Probe probe(BackendContext context) {
    List<DeviceInfo> devices = ((Probe.Ready) cpu.probe(context)).devices();
    return new Probe.Ready(devices.stream().map(CopyingCpu::copying).toList());
  }

  private static DeviceInfo copying(DeviceInfo d) {
    return new DeviceInfo(
        d.uri(),
        d.backend(),
        d.name(),
        d.kind(),
        d.evidence(),
        d.eligibility(),
        HostAccess.COPY,
        d.dedicatedMemory(),
        d.sharedMemory(),
        d.score(),
        d.uuid(),
        d.properties());
  }

  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    return cpu.open(device, context);
  }
}

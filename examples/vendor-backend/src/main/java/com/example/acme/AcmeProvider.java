package com.example.acme;

import java.util.List;
import java.util.Map;
import java.util.Optional;
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

/** Finds the one device, {@code acme://0}: loops in plain Java on the host's memory. */
public final class AcmeProvider implements BackendProvider {
  @Override
  public BackendDescription description() {
    return new BackendDescription("acme", "1.0", 1, 1, "two operators in plain Java");
  }

  @Override
  public Probe probe(BackendContext context) {
    return new Probe.Ready(
        List.of(
            new DeviceInfo(
                "acme://0",
                "acme",
                "Acme Adder",
                DeviceKind.CPU,
                Evidence.HARDWARE,
                Eligibility.AUTOMATIC,
                HostAccess.DIRECT,
                0,
                1L << 30,
                0,
                Optional.empty(),
                Map.of())));
  }

  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    return new AcmeDevice();
  }
}

package org.touchstone.backends.template;

import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;

/** Entry point: finds devices and opens them. */
public final class TemplateProvider implements BackendProvider {
  private static final String LIBRARY = "libtemplate.so.1";

  /** Created by the service loader; touches no driver. */
  public TemplateProvider() {}

  /** Returns constants only: the name is also the scheme of the devices' URIs. */
  @Override
  public BackendDescription description() {
    return new BackendDescription("template", "0.1.0", 1, 1, "the backend to copy");
  }

  /**
   * Answers {@code Absent} with the missing part and how to install it, {@code Broken} with the
   * driver's own words, or {@code Ready} with the devices. What is thrown here is reported as
   * broken, too, with less to go on.
   */
  @Override
  public Probe probe(BackendContext context) {
    return context
        .nativeLibraries()
        .findSystemLibrary(LIBRARY)
        .<Probe>map(
            path ->
                new Probe.Broken(
                    Reason.of(
                        ReasonCode.NOT_IN_THIS_BUILD,
                        "the driver is at " + path + ", and nothing here calls it")))
        .orElseGet(
            () ->
                new Probe.Absent(
                    Reason.of(
                        ReasonCode.LOADER_MISSING,
                        LIBRARY + " is in none of the system's library folders")));
  }

  /** Opens a device that the probe found: a context, a driver handle, its limits. */
  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    return new TemplateDevice(device);
  }
}

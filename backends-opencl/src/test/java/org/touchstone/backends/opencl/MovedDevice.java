package org.touchstone.backends.opencl;

import org.touchstone.api.DeviceInfo;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;
import org.touchstone.backends.opencl.driver.FoundDevice;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.Probe;

/** Describes the devices of a driver and looks for the first one again. */
public final class MovedDevice {
  private MovedDevice() {}

  /** Prints what it found before and after. */
  public static void main(String[] arguments) {
    BackendContext context = Backends.context(HalOptions.DEFAULT);
    if (new OpenClProvider().probe(context) instanceof Probe.Ready ready) {
      DeviceInfo first = ready.devices().getFirst();
      System.out.println("before " + first.uri() + " " + first.uuid().orElse("none"));
      FoundDevice again = OpenClProvider.find(first);
      System.out.println("after " + again.uri() + " " + again.facts().identity().orElse("none"));
    }
  }
}

package org.touchstone.backends;

import java.util.List;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.hal.HalContext;
import org.touchstone.backends.hal.TouchstoneHal;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendProvider;

/** What suites, tools and tests of backends need beside {@link Hal}. */
public final class Backends {
  private Backends() {}

  /**
   * Opens a HAL over exactly the given providers, whatever is on the class path: for tests of a
   * backend and for programs that make their own.
   */
  public static Hal open(HalOptions options, BackendProvider... providers) {
    return TouchstoneHal.over(
        new HalContext(Configuration.of(options.settings())), List.of(providers));
  }

  /**
   * Opens a device with instruments between the HAL and the backend: a seeded defect, memory that
   * guards, counts or fails.
   *
   * <p>Every opening has its own backend device, so instruments never reach a program's own.
   *
   * @param hal opened by {@link Hal#open} or {@link #open(HalOptions, BackendProvider...)}
   * @param uri the device
   * @throws HalException with {@link ErrorCode#UNKNOWN_DEVICE} when there is none
   */
  public static Device open(Hal hal, String uri, Instruments instruments) {
    if (hal instanceof TouchstoneHal own) {
      return own.device(uri, instruments);
    }
    throw new HalException(
        ErrorCode.CONFIGURATION,
        hal.getClass().getName() + " takes no instruments",
        null,
        uri,
        "open the HAL with Hal.open",
        null);
  }

  /** Creates the services that a HAL lends to its backends, for use outside of one. */
  public static BackendContext context(HalOptions options) {
    return new HalContext(Configuration.of(options.settings()));
  }
}

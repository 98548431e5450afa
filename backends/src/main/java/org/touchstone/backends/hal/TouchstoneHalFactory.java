package org.touchstone.backends.hal;

import org.touchstone.api.Hal;
import org.touchstone.api.HalFactory;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.spi.BackendProvider;

/** Opens a HAL over every backend on the module path and class path. */
public final class TouchstoneHalFactory implements HalFactory {
  /** Created by the service loader. */
  public TouchstoneHalFactory() {}

  @Override
  public Hal open(HalOptions options) {
    return new TouchstoneHal(
        new HalContext(Configuration.of(options.settings())),
        ProviderEntry.discover(BackendProvider.class.getClassLoader()));
  }
}

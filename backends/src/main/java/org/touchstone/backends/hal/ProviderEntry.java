package org.touchstone.backends.hal;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.spi.BackendProvider;

/**
 * A backend before it is loaded.
 *
 * @param label names it until it describes itself
 * @param load creates the provider; may fail in any way
 */
record ProviderEntry(String label, Supplier<BackendProvider> load) {
  /** A service file can hold any number of wrong lines; each costs one attempt. */
  private static final int MOST_WRONG_LINES = 100;

  static ProviderEntry of(BackendProvider provider) {
    return new ProviderEntry(provider.getClass().getName(), () -> provider);
  }

  /** Finds the providers that a class loader sees; wrong registrations become entries that fail. */
  static List<ProviderEntry> discover(@Nullable ClassLoader loader) {
    Iterator<ServiceLoader.Provider<BackendProvider>> found =
        ServiceLoader.load(BackendProvider.class, loader).stream().iterator();
    List<ProviderEntry> entries = new ArrayList<>();
    int wrong = 0;
    while (wrong < MOST_WRONG_LINES) {
      try {
        if (!found.hasNext()) {
          break;
        }
        ServiceLoader.Provider<BackendProvider> provider = found.next();
        entries.add(new ProviderEntry(provider.type().getName(), provider));
      } catch (ServiceConfigurationError | LinkageError e) {
        wrong++;
        entries.add(
            new ProviderEntry(
                "registration-" + wrong,
                () -> {
                  throw e;
                }));
      }
    }
    return List.copyOf(entries);
  }
}

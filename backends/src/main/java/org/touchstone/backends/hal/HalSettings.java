package org.touchstone.backends.hal;

import java.time.Duration;
import java.util.Set;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.config.SharedSettings;
import org.touchstone.backends.hal.BufferLedger.Leaks;

/** Settings of the HAL itself, with their types. */
final class HalSettings {
  private HalSettings() {}

  static Leaks leaks(Configuration configuration) {
    return configuration.setting(SharedSettings.LEAKS).choice(Leaks.class);
  }

  static long largestWorkspace(Configuration configuration) {
    return configuration.setting(SharedSettings.QUEUE_WORKSPACE_MAX).bytes();
  }

  static Duration probeLimit(Configuration configuration) {
    return configuration.setting(SharedSettings.PROBE_TIMEOUT).duration();
  }

  static Set<String> excludedBackends(Configuration configuration) {
    return Set.copyOf(configuration.setting(SharedSettings.BACKENDS_EXCLUDE).list());
  }
}

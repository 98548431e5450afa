package org.touchstone.tools.architecture.planted.backends.config;

import org.jspecify.annotations.Nullable;

public final class Configuration {
  private Configuration() {}

  static @Nullable String home() {
    return System.getenv("HOME");
  }
}

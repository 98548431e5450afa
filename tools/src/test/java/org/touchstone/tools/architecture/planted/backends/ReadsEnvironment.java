package org.touchstone.tools.architecture.planted.backends;

import org.jspecify.annotations.Nullable;

public final class ReadsEnvironment {
  private ReadsEnvironment() {}

  static @Nullable String home() {
    return System.getenv("HOME");
  }
}

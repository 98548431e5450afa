package org.touchstone.tools.architecture.planted.tools;

import org.jspecify.annotations.Nullable;

public final class Main {
  private Main() {}

  static @Nullable String home() {
    return System.getenv("HOME");
  }
}

package org.touchstone.tools.architecture.planted.api;

import org.touchstone.tools.architecture.planted.backends.Spi;

public final class UsesBackends {
  private UsesBackends() {}

  static int seven() {
    return Spi.seven();
  }
}

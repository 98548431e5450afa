package org.touchstone.tools.architecture.planted.conformance;

import org.touchstone.tools.architecture.planted.backends.Spi;

public final class Suite {
  private Suite() {}

  public static int seven() {
    return Spi.seven();
  }
}

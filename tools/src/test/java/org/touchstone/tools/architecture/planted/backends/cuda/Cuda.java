package org.touchstone.tools.architecture.planted.backends.cuda;

import org.touchstone.tools.architecture.planted.backends.Spi;

public final class Cuda {
  private Cuda() {}

  public static int seven() {
    return Spi.seven();
  }
}

package org.touchstone.tools.architecture.planted.backends.opencl;

import org.touchstone.tools.architecture.planted.backends.Spi;

public final class OpenCl {
  private OpenCl() {}

  public static int seven() {
    return Spi.seven();
  }
}

package org.touchstone.tools.architecture.planted.backends.cpu;

import org.touchstone.tools.architecture.planted.backends.Spi;

public final class Cpu {
  private Cpu() {}

  public static int seven() {
    return Spi.seven();
  }
}

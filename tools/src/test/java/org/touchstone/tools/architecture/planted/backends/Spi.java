package org.touchstone.tools.architecture.planted.backends;

public final class Spi {
  private Spi() {}

  public static int seven() {
    return 7;
  }
}

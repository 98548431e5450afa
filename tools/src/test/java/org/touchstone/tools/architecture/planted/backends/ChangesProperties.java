package org.touchstone.tools.architecture.planted.backends;

public final class ChangesProperties {
  private ChangesProperties() {}

  static void change() {
    System.setProperty("key", "value");
  }
}

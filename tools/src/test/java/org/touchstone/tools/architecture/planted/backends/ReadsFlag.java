package org.touchstone.tools.architecture.planted.backends;

public final class ReadsFlag {
  private ReadsFlag() {}

  static boolean flag() {
    return Boolean.getBoolean("flag");
  }
}

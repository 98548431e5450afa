package org.touchstone.tools.architecture.planted.backends.config;

import org.touchstone.tools.architecture.planted.backends.cpu.Cpu;

public final class UsesCpu {
  private UsesCpu() {}

  static int seven() {
    return Cpu.seven();
  }
}

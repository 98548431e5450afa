package org.touchstone.tools.architecture.planted.backends.cpu;

import org.touchstone.tools.architecture.planted.backends.opencl.OpenCl;

public final class UsesOpenCl {
  private UsesOpenCl() {}

  static int seven() {
    return OpenCl.seven();
  }
}

package org.touchstone.tools.architecture.planted.backends.opencl;

import org.touchstone.tools.architecture.planted.backends.cuda.Cuda;

public final class UsesCuda {
  private UsesCuda() {}

  static int seven() {
    return Cuda.seven();
  }
}

package org.touchstone.tools.architecture.planted.backends.cuda;

import org.touchstone.tools.architecture.planted.conformance.Suite;

public final class UsesConformance {
  private UsesConformance() {}

  static int seven() {
    return Suite.seven();
  }
}

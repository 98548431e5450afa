package org.touchstone.tools.architecture.planted.backends.cpu;

import jdk.incubator.vector.IntVector;

public final class UsesVectors {
  private UsesVectors() {}

  static int lanes() {
    return IntVector.SPECIES_128.length();
  }
}

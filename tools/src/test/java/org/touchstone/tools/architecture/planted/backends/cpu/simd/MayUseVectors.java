package org.touchstone.tools.architecture.planted.backends.cpu.simd;

import jdk.incubator.vector.IntVector;

public final class MayUseVectors {
  private MayUseVectors() {}

  static int lanes() {
    return IntVector.SPECIES_128.length();
  }
}

package org.touchstone.backends.cpu.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class LaneSumsTest {
  private static final long SEED = 20261;

  @Test
  void oneVectorIsAddedAsManyAre() {
    int lanes = FloatVector.SPECIES_PREFERRED.length();
    int groups = 3;
    SplittableRandom random = new SplittableRandom(SEED);
    float[] vectors = new float[groups * lanes * lanes];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = (float) random.nextDouble(-1, 1);
    }
    float[] sums = new float[groups * lanes];
    LaneSums.add(vectors, 0, sums, 0, groups);
    for (int j = 0; j < sums.length; j++) {
      assertThat(sums[j]).as("seed %d", SEED).isEqualTo(LaneSums.sum(vectors, j * lanes));
    }
  }
}

package org.touchstone.backends.cpu.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FloatGemmTest {
  private static final long SEED = 20261;

  private static float[] random(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1",
    "1,1,0",
    "1,5,3",
    "2,3,8",
    "3,4,16",
    "4,9,17",
    "5,33,31",
    "7,16,192",
    "1,40,257",
    "6,2,64"
  })
  void dotsAreWithinTheirBoundAndDoNotDependOnTheBatch(int m, int n, int k) {
    int aStride = k + 3;
    int bStride = k + 5;
    float[] a = random(2 + m * aStride, SEED);
    float[] b = random(1 + n * bStride, SEED + 1);
    float[] c = new float[4 + m * (n + 2)];
    float[] scratch = new float[FloatGemm.SCRATCH];
    FloatGemm.dots(a, 2, aStride, m, b, 1, bStride, n, k, c, 4, n + 2, scratch);
    double unit = 0x1p-24 * (2 + FloatGemm.CHAIN.length(k));
    float[] one = new float[1];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double exact = 0;
        double magnitude = 0;
        for (int p = 0; p < k; p++) {
          double term = (double) a[2 + i * aStride + p] * b[1 + j * bStride + p];
          exact += term;
          magnitude += Math.abs(term);
        }
        float value = c[4 + i * (n + 2) + j];
        assertThat(Math.abs(value - exact))
            .as("seed %d", SEED)
            .isLessThanOrEqualTo(unit * magnitude);
        FloatGemm.dots(a, 2 + i * aStride, 0, 1, b, 1 + j * bStride, 0, 1, k, one, 0, 0, scratch);
        assertThat(one[0]).as("element %d, %d alone", i, j).isEqualTo(value);
      }
      assertThat(c[4 + i * (n + 2) + n]).as("beside row %d", i).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "1,7,0", "4,16,5", "5,37,9", "8,64,33", "3,130,12", "4,15,3"})
  void accumulateAddsInSequence(int m, int n, int k) {
    int aStride = k + 1;
    int bStride = n + 2;
    float[] a = random(3 + m * aStride, SEED + 2);
    float[] b = random(2 + k * bStride, SEED + 3);
    float[] c = random(1 + m * (n + 3), SEED + 4);
    float[] before = c.clone();
    FloatGemm.accumulate(a, 3, aStride, m, b, 2, bStride, n, k, c, 1, n + 3);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float expected = before[1 + i * (n + 3) + j];
        for (int p = 0; p < k; p++) {
          expected = Math.fma(a[3 + i * aStride + p], b[2 + p * bStride + j], expected);
        }
        assertThat(c[1 + i * (n + 3) + j]).as("%d, %d, seed %d", i, j, SEED).isEqualTo(expected);
      }
      assertThat(c[1 + i * (n + 3) + n]).isEqualTo(before[1 + i * (n + 3) + n]);
    }
  }

  @Test
  void lanesAreAddedInTheOrderOfTheScalarTree() {
    int lanes = FloatGemm.LANES;
    int groups = 3;
    float[] vectors = random(groups * lanes * lanes, SEED + 5);
    float[] sums = new float[groups * lanes];
    LaneSums.add(vectors, 0, sums, 0, groups);
    for (int j = 0; j < groups * lanes; j++) {
      assertThat(sums[j]).isEqualTo(LaneSums.sum(vectors, j * lanes));
    }
  }
}

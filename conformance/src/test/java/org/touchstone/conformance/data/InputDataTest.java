package org.touchstone.conformance.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.cases.DataFamily;
import org.touchstone.conformance.cases.TestCase;

class InputDataTest {
  private static TestCase add(DataFamily family, long... shape) {
    return TestCase.of(AddSpec.of(DType.BF16), family).shape("X", shape).build();
  }

  private static double[] values(TestCase testCase, String slot) {
    try (Arena arena = Arena.ofConfined()) {
      return HostTensors.doubles(InputData.of(testCase, arena).tensor(slot));
    }
  }

  @Test
  void dataDependOnNameSlotAndIndexOnly() {
    double[] first = values(add(DataFamily.RANDOM, 13, 7), "a");
    assertThat(values(add(DataFamily.RANDOM, 13, 7), "a")).isEqualTo(first);
    assertThat(values(add(DataFamily.RANDOM, 13, 7), "b")).isNotEqualTo(first);
    assertThat(values(add(DataFamily.RANDOM, 7, 13), "a")).isNotEqualTo(first);
  }

  @Test
  void randomDataAreRoughlyNormal() {
    double[] values = values(add(DataFamily.RANDOM, 100, 101), "a");
    assertThat(Arrays.stream(values).average().orElseThrow()).isBetween(-0.05, 0.05);
    assertThat(Arrays.stream(values).map(x -> x * x).average().orElseThrow()).isBetween(0.9, 1.1);
  }

  @Test
  void exactIntegersBeginWithOneThatIsNotZero() {
    for (int n = 1; n <= 300; n++) {
      double[] values = values(add(DataFamily.EXACT_INTEGER, n), "a");
      assertThat(values[0]).as("of %d", n).isNotZero();
      assertThat(Arrays.stream(values)).allMatch(x -> x == Math.rint(x));
    }
  }

  @Test
  void subnormalDataAreMostlySubnormal() {
    double minNormal = DType.BF16.format().minNormal();
    double[] values = values(add(DataFamily.SUBNORMAL, 100, 101), "a");
    double share =
        Arrays.stream(values).filter(x -> x != 0 && Math.abs(x) < minNormal).count()
            / (double) values.length;
    assertThat(share).isBetween(0.7, 0.8);
    assertThat(Arrays.stream(values)).allMatch(x -> x != 0 && Math.abs(x) < 16 * minNormal);
  }

  @Test
  void saturatingDataReachTheLargestValueOfBothSigns() {
    double max = DType.BF16.format().maxFinite();
    double[] values = values(add(DataFamily.SATURATING, 100, 101), "a");
    assertThat(values).contains(max, -max);
    assertThat(Arrays.stream(values)).allMatch(x -> Math.abs(x) >= max / 8);
  }

  @Test
  void exactIntegersHaveExactSums() {
    long k = 8192;
    TestCase gemm =
        TestCase.of(GemmSpec.of(GemmOperands.FP8_BLOCK, 4, k, DType.BF16), DataFamily.EXACT_INTEGER)
            .extent("M", 3)
            .reduction(k)
            .filler(
                data -> {
                  data.scales("scaleA");
                  data.scales("scaleB");
                })
            .build();
    double[] a = values(gemm, "a");
    double[] b = values(gemm, "b");
    for (int row = 0; row < 3; row++) {
      double magnitude = 0;
      for (int i = 0; i < k; i++) {
        magnitude += Math.abs(a[row * (int) k + i] * b[i]);
      }
      assertThat(magnitude).isPositive().isLessThan(8192);
    }
    assertThat(values(gemm, "scaleA")).containsOnly(0.5, 1, 2);
  }

  @Test
  void codesCoverEveryFiniteCode() {
    TestCase gemm =
        TestCase.of(GemmSpec.of(GemmOperands.FP8_BLOCK, 64, 128, DType.BF16), DataFamily.RANDOM)
            .extent("M", 64)
            .filler(data -> data.codes("a"))
            .build();
    double[] values = values(gemm, "a");
    assertThat(Arrays.stream(values).distinct().count()).isEqualTo(254);
    assertThat(Arrays.stream(values)).allMatch(Double::isFinite);
  }

  @Test
  void rowsOfStructuredDataDiffer() {
    double[] values = values(add(DataFamily.STRUCTURED, 5, 16), "a");
    long patterns =
        java.util.stream.IntStream.range(0, 5)
            .mapToObj(r -> Arrays.toString(Arrays.copyOfRange(values, 16 * r, 16 * r + 16)))
            .distinct()
            .count();
    assertThat(patterns).isEqualTo(5);
  }

  @Test
  void integersMustBeFilledByTheCase() {
    EmbeddingSpec spec = new EmbeddingSpec(11, 3, DType.F32, DType.F32, 1);
    TestCase.Builder builder = TestCase.of(spec, DataFamily.RANDOM).extent("T", 5);
    assertThatThrownBy(() -> values(builder.build(), "table"))
        .hasMessageContaining("does not fill slot ids");
    builder.filler(data -> data.integers("ids", 0, 10));
    assertThat(values(builder.build(), "table")).hasSize(33);
  }
}

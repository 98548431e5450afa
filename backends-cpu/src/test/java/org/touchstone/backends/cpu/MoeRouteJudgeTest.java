package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.backends.cpu.CpuRun.Kind;

/** Which routes the reference takes for right ones. */
class MoeRouteJudgeTest {
  private static final double INF = Double.POSITIVE_INFINITY;

  @Test
  void theJudgeRefusesWrongRoutes() {
    double[] weights = {.935029713, .935029713, .629940574};
    try (RouteLaunch launch =
        new RouteLaunch(RouteLaunch.V3, RouteLaunch.LOGITS, RouteLaunch.BIAS)) {
      assertThat(launch.judge(new long[] {8, 9, 2}, weights)).isEmpty();
      assertThat(launch.judge(new long[] {9, 8, 2}, weights)).as("tie").isNotEmpty();
      assertThat(launch.judge(new long[] {8, 9, 1}, weights)).as("bias forgotten").isNotEmpty();
      assertThat(launch.judge(new long[] {8, 9, 4}, weights)).as("dropped group").isNotEmpty();
      assertThat(launch.judge(new long[] {8, 2, 9}, weights)).as("order").isNotEmpty();
      assertThat(launch.judge(new long[] {8, 8, 2}, weights)).as("twice").isNotEmpty();
      assertThat(launch.judge(new long[] {8, 9, -1}, weights)).as("none").isNotEmpty();
      assertThat(launch.judge(new long[] {8, 9, 16}, weights)).as("outside").isNotEmpty();
    }
    try (RouteLaunch launch =
        new RouteLaunch(MoeRouteSpec.topkSoftmax(16, 3), RouteLaunch.LOGITS, null)) {
      double[] right = {.506480391, .307195886, .186323723};
      assertThat(launch.judge(new long[] {4, 13, 8}, right)).as("not the best").isNotEmpty();
    }
  }

  @Test
  void theJudgeRefusesAnExpertOfMinusInfinity() {
    double[] logits = RouteLaunch.LOGITS.clone();
    logits[3] = -INF;
    try (RouteLaunch launch = new RouteLaunch(MoeRouteSpec.topkSoftmax(16, 3), logits, null)) {
      assertThat(launch.judge(new long[] {4, 13, 3}, new double[] {.6, .4, 0}))
          .anyMatch(line -> line.contains("left out"));
    }
  }

  @Test
  void theJudgeRefusesWeightsThatAreHardlyWrong() {
    double[] weights = {.935029713, .935029713, .629940574};
    try (RouteLaunch launch =
        new RouteLaunch(RouteLaunch.V3, RouteLaunch.LOGITS, RouteLaunch.BIAS).on(Kind.SIMD)) {
      double[] right = launch.weights();
      weights[2] = right[2] * (1 + 0x1p-18);
      weights[0] = right[0];
      weights[1] = right[1];
      assertThat(launch.judge(launch.indices(), weights)).hasSize(1);
      double sum = (right[0] + right[1] + right[2]) / 2.5;
      double unnormalised = sum * 1.9;
      for (int j = 0; j < 3; j++) {
        weights[j] = right[j] * unnormalised;
      }
      assertThat(launch.judge(launch.indices(), weights)).hasSize(3);
    }
  }

  @Test
  void scoresThatDifferByLessThanTheBoundAreInterchangeable() {
    double[] logits = {1, 1 + 0x1p-23, 0, 0.5};
    MoeRouteSpec spec = MoeRouteSpec.softmaxTopkRenorm(4, 1);
    try (RouteLaunch launch = new RouteLaunch(spec, logits, null)) {
      assertThat(launch.judge(new long[] {0}, new double[] {1})).isEmpty();
      assertThat(launch.judge(new long[] {1}, new double[] {1})).isEmpty();
      assertThat(launch.judge(new long[] {3}, new double[] {1})).isNotEmpty();
    }
  }
}

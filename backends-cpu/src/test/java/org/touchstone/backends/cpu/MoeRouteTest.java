package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MoeRouteArgs;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.MoeRouteSpec.GroupScore;
import org.touchstone.api.op.MoeRouteSpec.Renorm;
import org.touchstone.api.op.MoeRouteSpec.Score;
import org.touchstone.api.op.MoeRouteSpec.SelectionBias;
import org.touchstone.backends.cpu.CpuRun.Kind;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

class MoeRouteTest {
  private static final long SEED = 0x5EED_0101L;
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final double[] GROUPED = {
    3, -4, -4, -4, 1, 1.2, -1, 0, .9, .8, .7, -3, 1.1, -2, -2, -2
  };

  @ParameterizedTest
  @EnumSource
  void deepseekV3Golden(Kind kind) {
    try (RouteLaunch launch =
        new RouteLaunch(RouteLaunch.V3, RouteLaunch.LOGITS, RouteLaunch.BIAS).on(kind)) {
      launch.chose(8, 9, 2);
      launch.weighed(.935029713, .935029713, .629940574);
    }
  }

  @ParameterizedTest
  @EnumSource
  void deepseekV4Golden(Kind kind) {
    try (RouteLaunch launch =
        new RouteLaunch(MoeRouteSpec.deepseekV4(16, 3, 1.5f), RouteLaunch.LOGITS, RouteLaunch.BIAS)
            .on(kind)) {
      launch.chose(4, 8, 9);
      launch.weighed(.614657622, .442671189, .442671189);
    }
  }

  @ParameterizedTest
  @EnumSource
  void softmaxTopkRenormGolden(Kind kind) {
    try (RouteLaunch launch =
        new RouteLaunch(MoeRouteSpec.softmaxTopkRenorm(16, 3), RouteLaunch.LOGITS, null).on(kind)) {
      launch.chose(4, 13, 1);
      launch.weighed(.506480391, .307195886, .186323723);
    }
  }

  @ParameterizedTest
  @EnumSource
  void topkSoftmaxEqualsSoftmaxTopkRenorm(Kind kind) {
    try (RouteLaunch launch =
        new RouteLaunch(MoeRouteSpec.topkSoftmax(16, 3), RouteLaunch.LOGITS, null).on(kind)) {
      launch.chose(4, 13, 1);
      launch.weighed(.506480391, .307195886, .186323723);
    }
  }

  @ParameterizedTest
  @EnumSource
  void groupsAreRankedByTheirTwoBest(Kind kind) {
    try (RouteLaunch launch = new RouteLaunch(RouteLaunch.V3, GROUPED, new double[16]).on(kind)) {
      launch.chose(5, 4, 8);
      launch.weighed(.869162359, .826789991, .804047651);
    }
  }

  @ParameterizedTest
  @EnumSource
  void groupsAreRankedByTheirBest(Kind kind) {
    MoeRouteSpec max =
        new MoeRouteSpec(
            16,
            3,
            Score.SIGMOID,
            SelectionBias.PER_EXPERT,
            4,
            2,
            GroupScore.MAX,
            Renorm.SUM,
            1e-20f,
            2.5f);
    try (RouteLaunch launch = new RouteLaunch(max, GROUPED, new double[16]).on(kind)) {
      launch.chose(0, 5, 4);
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneGroupIsNoGroup(Kind kind) {
    MoeRouteSpec spec = MoeRouteSpec.deepseekV3(16, 3, 1, 1, 2.5f);
    try (RouteLaunch launch = new RouteLaunch(spec, GROUPED, new double[16]).on(kind)) {
      launch.chose(0, 5, 12);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aKeptGroupWithNegativeBiasedScoresStaysAheadOfDroppedOnes(Kind kind) {
    double[] bias = new double[16];
    Arrays.fill(bias, -1);
    bias[0] = -.5;
    try (RouteLaunch launch = new RouteLaunch(RouteLaunch.V3, GROUPED, bias).on(kind)) {
      launch.chose(0, 5, 4);
      launch.weighed(.971159205, .78351899, .745321805);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theLowerIndexWinsTies(Kind kind) {
    try (RouteLaunch launch =
        new RouteLaunch(MoeRouteSpec.softmaxTopk(16, 3, 16), new double[16], null).on(kind)) {
      launch.chose(0, 1, 2);
      launch.weighed(1, 1, 1);
    }
    try (RouteLaunch launch =
        new RouteLaunch(RouteLaunch.V3, new double[16], new double[16]).on(kind)) {
      launch.chose(0, 1, 2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void biasReversesTheOrderButNotTheWeights(Kind kind) {
    double[] bias = new double[16];
    for (int e = 0; e < 16; e++) {
      bias[e] = -10 * RouteLaunch.LOGITS[e];
    }
    MoeRouteSpec spec = MoeRouteSpec.deepseekV3(16, 2, 1, 1, 1);
    try (RouteLaunch launch = new RouteLaunch(spec, RouteLaunch.LOGITS, bias).on(kind)) {
      launch.chose(11, 5);
      double a = 1 / (1 + Math.exp(3));
      double b = 1 / (1 + Math.exp(1));
      launch.weighed(a / (a + b), b / (a + b));
    }
  }

  @ParameterizedTest
  @EnumSource
  void nanLogitsCountAsMinusInfinityAndRaiseTheFlag(Kind kind) {
    double[] logits = RouteLaunch.LOGITS.clone();
    logits[4] = Double.NaN;
    MoeRouteSpec spec = MoeRouteSpec.softmaxTopkRenorm(16, 3);
    try (RouteLaunch launch = new RouteLaunch(spec, logits, null).on(kind)) {
      launch.chose(13, 1, 8);
      assertThat(launch.diagnostics()).isEqualTo(1);
    }
    try (RouteLaunch launch = new RouteLaunch(spec, RouteLaunch.LOGITS, null).on(kind)) {
      assertThat(launch.diagnostics()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aNanOfAMaskedTokenRaisesNoFlag(Kind kind) {
    double[] logits = Arrays.copyOf(RouteLaunch.LOGITS, 32);
    Arrays.fill(logits, 16, 32, Double.NaN);
    MoeRouteSpec spec = MoeRouteSpec.softmaxTopkRenorm(16, 3);
    try (RouteLaunch launch = new RouteLaunch(spec, logits, null, 1, 0).on(kind)) {
      launch.chose(4, 13, 1, -1, -1, -1);
      launch.weighed(.506480391, .307195886, .186323723, 0, 0, 0);
      assertThat(launch.diagnostics()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRowOfMinusInfinityHasWeightsOfZero(Kind kind) {
    double[] logits = new double[16];
    Arrays.fill(logits, -INF);
    for (MoeRouteSpec spec :
        List.of(
            MoeRouteSpec.softmaxTopkRenorm(16, 3),
            MoeRouteSpec.softmaxTopk(16, 3, 16),
            MoeRouteSpec.topkSoftmax(16, 3),
            RouteLaunch.V3)) {
      try (RouteLaunch launch = new RouteLaunch(spec, logits, new double[16]).on(kind)) {
        launch.chose(0, 1, 2);
        assertThat(launch.weights()).containsOnly(0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void allButKExpertsAreMinusInfinity(Kind kind) {
    double[] logits = new double[16];
    Arrays.fill(logits, -INF);
    logits[3] = -1e4;
    logits[7] = 1e4;
    logits[15] = 88;
    try (RouteLaunch launch =
        new RouteLaunch(MoeRouteSpec.topkSoftmax(16, 3), logits, null).on(kind)) {
      launch.chose(7, 15, 3);
      launch.weighed(1, 0, 0);
    }
    try (RouteLaunch launch =
        new RouteLaunch(MoeRouteSpec.topkSoftmax(16, 5), logits, null).on(kind)) {
      launch.chose(7, 15, 3, 0, 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anInfiniteLogitSortsFirst(Kind kind) {
    double[] logits = RouteLaunch.LOGITS.clone();
    logits[9] = INF;
    MoeRouteSpec spec = MoeRouteSpec.deepseekV3(16, 3, 1, 1, 1);
    try (RouteLaunch launch = new RouteLaunch(spec, logits, new double[16]).on(kind)) {
      assertThat(launch.indices()[0]).isEqualTo(9);
    }
    try (RouteLaunch launch =
        new RouteLaunch(MoeRouteSpec.softmaxTopk(16, 3, 1), logits, null).on(kind)) {
      assertThat(launch.weights()).containsOnly(Double.NaN);
    }
  }

  @ParameterizedTest
  @EnumSource
  void softplusSwitchesAtTwenty(Kind kind) {
    double[] logits = {19.99, 20, 20.01, -20, -88, 88, 1e4, -1e4};
    MoeRouteSpec spec =
        new MoeRouteSpec(
            8, 8, Score.SQRT_SOFTPLUS, SelectionBias.NONE, 1, 1, GroupScore.MAX, Renorm.NONE, 0, 1);
    try (RouteLaunch launch = new RouteLaunch(spec, logits, null).on(kind)) {
      launch.chose(6, 5, 2, 1, 0, 3, 4, 7);
      assertThat(launch.weights()[0]).isEqualTo(100);
      assertThat(launch.weights()[5])
          .isCloseTo(Math.sqrt(Math.log1p(Math.exp(-20))), within(1e-11));
      assertThat(launch.weights()[7]).isZero();
    }
  }

  @Test
  void simdStaysWithinBoundsOnRandomAndStructuredLogits() {
    List<MoeRouteSpec> specs =
        List.of(
            MoeRouteSpec.softmaxTopk(160, 6, 16),
            MoeRouteSpec.softmaxTopkRenorm(8, 2),
            MoeRouteSpec.topkSoftmax(31, 4),
            MoeRouteSpec.deepseekV3(256, 8, 8, 4, 2.5f),
            MoeRouteSpec.deepseekV3(7, 7, 1, 1, 1),
            MoeRouteSpec.deepseekV4(129, 6, 1.5f),
            MoeRouteSpec.deepseekV4(1, 1, 1.5f));
    SplittableRandom random = new SplittableRandom(SEED);
    for (MoeRouteSpec spec : specs) {
      for (int kind = 0; kind < 4; kind++) {
        int experts = (int) spec.experts();
        double[] logits = new double[29 * experts];
        for (int i = 0; i < logits.length; i++) {
          logits[i] =
              switch (kind) {
                case 0 -> 3 * random.nextGaussian();
                case 1 -> random.nextInt(3);
                case 2 -> 1 + random.nextInt(4) * 0x1p-23;
                default -> 100 * random.nextGaussian();
              };
        }
        double[] bias = random.doubles(experts).map(b -> b - 0.5).toArray();
        try (RouteLaunch launch =
                new RouteLaunch(spec, logits, kind == 1 ? new double[experts] : bias);
            CpuRun device = CpuRun.simd()) {
          for (Regime regime : Regime.values()) {
            assertThat(device.violations(spec, launch.args, regime))
                .as("seed %x, %s, data %d, %s", SEED, spec, kind, regime)
                .isEmpty();
          }
        }
      }
    }
  }

  @Test
  void noTokensAreLegal() {
    for (Kind kind : Kind.values()) {
      try (RouteLaunch launch =
          new RouteLaunch(RouteLaunch.V3, new double[0], new double[16]).on(kind)) {
        assertThat(launch.diagnostics()).isZero();
      }
    }
  }

  @Test
  void rowsMayHaveGaps() {
    try (Arena arena = Arena.ofConfined();
        CpuRun device = CpuRun.simd()) {
      MoeRouteSpec spec = MoeRouteSpec.softmaxTopkRenorm(16, 3);
      Tensor wide = HostTensors.allocate(arena, DType.F32, 2, 20);
      Tensor indices = HostTensors.allocate(arena, DType.I32, 2, 5);
      Tensor weights = HostTensors.allocate(arena, DType.F32, 2, 7);
      MoeRouteArgs args =
          new MoeRouteArgs(
              wide.slice(1, 2, 18),
              null,
              null,
              indices.slice(1, 1, 4),
              weights.slice(1, 3, 6),
              null);
      assertThat(args.logits().strides()).isEqualTo(Strides.of(20, 1));
      double[] twice = Arrays.copyOf(RouteLaunch.LOGITS, 32);
      System.arraycopy(RouteLaunch.LOGITS, 0, twice, 16, 16);
      HostTensors.write(args.logits(), twice, org.touchstone.api.format.Saturation.NONSAT);
      assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.codes(indices)).containsExactly(0, 4, 13, 1, 0, 0, 4, 13, 1, 0);
    }
  }

  @Test
  void tokensDoNotInfluenceEachOther() {
    SplittableRandom random = new SplittableRandom(SEED + 1);
    int tokens = 13;
    double[] logits = random.doubles(tokens * 16L).map(x -> 4 * x).toArray();
    double[] reversed = new double[logits.length];
    for (int t = 0; t < tokens; t++) {
      System.arraycopy(logits, t * 16, reversed, (tokens - 1 - t) * 16, 16);
    }
    try (RouteLaunch forward =
            new RouteLaunch(RouteLaunch.V3, logits, RouteLaunch.BIAS).on(Kind.SIMD);
        RouteLaunch backward =
            new RouteLaunch(RouteLaunch.V3, reversed, RouteLaunch.BIAS).on(Kind.SIMD)) {
      for (int t = 0; t < tokens; t++) {
        int there = 3 * (tokens - 1 - t);
        assertThat(Arrays.copyOfRange(forward.indices(), 3 * t, 3 * t + 3))
            .isEqualTo(Arrays.copyOfRange(backward.indices(), there, there + 3));
        assertThat(Arrays.copyOfRange(forward.weights(), 3 * t, 3 * t + 3))
            .isEqualTo(Arrays.copyOfRange(backward.weights(), there, there + 3));
      }
    }
  }
}

package org.touchstone.api.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.HalException;
import org.touchstone.api.op.RopeScaling.Yarn.Correction;

/** Frequencies against tables that were computed from the models' published parameters. */
class RopeFreqsSpecTest {
  /** Nine printed digits. */
  private static final double PERCENT = 1e-6;

  private static RopeScaling yarn(double factor, double original, double fast, Correction ends) {
    return new RopeScaling.Yarn(factor, original, fast, 1, ends, 1);
  }

  static Stream<Arguments> yarnModels() {
    return Stream.of(
        Arguments.of(
            "DeepSeek-V3",
            new RopeFreqsSpec(64, 1e4, yarn(40, 4096, 32, Correction.TRUNCATED)),
            new double[] {.1, .0055, 3.33380358e-6}),
        Arguments.of(
            "DeepSeek-V4 compressed",
            new RopeFreqsSpec(64, 160_000, yarn(16, 65_536, 32, Correction.TRUNCATED)),
            new double[] {.05, .002265625, 5.68052904e-7}),
        Arguments.of(
            "Kimi K2",
            new RopeFreqsSpec(64, 5e4, yarn(32, 4096, 1, Correction.TRUNCATED)),
            new double[] {.0668740305, .00447213595, 8.76441291e-7}),
        Arguments.of(
            "gpt-oss",
            new RopeFreqsSpec(64, 150_000, yarn(32, 4096, 32, Correction.EXACT)),
            new double[] {.0508132748, .000456483919, 3.02351143e-7}));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("yarnModels")
  void yarnInterpolatesAsTheModelsDo(String model, RopeFreqsSpec spec, double[] expected) {
    double[] f = spec.frequencies();
    assertThat(f).hasSize(32);
    assertThat(f[0]).isEqualTo(1);
    assertThat(f[8]).as(model).isCloseTo(expected[0], withinPercentage(PERCENT));
    assertThat(f[16]).as(model).isCloseTo(expected[1], withinPercentage(PERCENT));
    assertThat(f[31]).as(model).isCloseTo(expected[2], withinPercentage(PERCENT));
  }

  @Test
  void llama3InterpolatesByWavelength() {
    RopeScaling scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
    double[] f = new RopeFreqsSpec(128, 500_000, scaling).frequencies();
    int[] pairs = {0, 16, 28, 30, 32, 36, 63};
    double[] expected = {
      1, .0376060309, .00321144599, .00137189357, .000524846161, 7.78465527e-5, 3.06892599e-7
    };
    for (int i = 0; i < pairs.length; i++) {
      assertThat(f[pairs[i]]).isCloseTo(expected[i], withinPercentage(PERCENT));
    }
  }

  @Test
  void linearScalingDividesPlainFrequencies() {
    double[] plain = new RopeFreqsSpec(256, 1e6, new RopeScaling.None()).frequencies();
    double[] linear = new RopeFreqsSpec(256, 1e6, new RopeScaling.Linear(8)).frequencies();
    assertThat(plain[0]).isEqualTo(1);
    assertThat(plain[64]).isCloseTo(1e-3, withinPercentage(1e-12));
    for (int i = 0; i < plain.length; i++) {
      assertThat(linear[i]).isEqualTo(plain[i] / 8);
    }
  }

  @Test
  void onlyYarnScalesCosinesAndSines() {
    double factor = 0.1 * Math.log(32) + 1;
    RopeScaling scaling = new RopeScaling.Yarn(32, 4096, 32, 1, Correction.EXACT, factor);
    RopeFreqsSpec spec = new RopeFreqsSpec(64, 150_000, scaling);
    assertThat(spec.attentionFactor()).isCloseTo(1.3465736, withinPercentage(1e-5));
    assertThat(new RopeFreqsSpec(64, 1e4, new RopeScaling.Linear(8)).attentionFactor()).isOne();
  }

  @Test
  void anOddDimensionIsRefused() {
    assertThatThrownBy(() -> new RopeFreqsSpec(63, 1e4, new RopeScaling.None()))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("rotaryDim 63");
  }
}

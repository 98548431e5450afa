package org.touchstone.conformance.judge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.touchstone.api.Accumulator;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Shape;
import org.touchstone.api.Subnormals;
import org.touchstone.api.Subnormals.Handling;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.conformance.judge.Judge.Strictness;

class JudgeTest {
  private static final KernelTraits FLUSHING =
      KernelTraits.PLAIN_F32.with(new Subnormals(Handling.KEPT, Handling.FLUSHED));

  private static Judgement judge(
      KernelTraits traits,
      DType type,
      Saturation saturation,
      double value,
      double error,
      double actual) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = HostTensors.of(arena, type, Shape.of(1), actual);
      Expected expected =
          Expected.Interval.all(type, saturation, new double[] {value}, new double[] {error});
      return new Judge(traits).judge("y", expected, tensor, Strictness.BOUND);
    }
  }

  private static boolean passes(DType type, double value, double error, double actual) {
    return judge(KernelTraits.PLAIN_F32, type, Saturation.NONSAT, value, error, actual).passed();
  }

  @Test
  void aTieWithoutErrorHasOneRightSide() {
    // Halfway between 1 and 1 + 2^-7: nearest even is 1.
    assertThat(passes(DType.BF16, 1 + 0x1p-8, 0, 1)).isTrue();
    assertThat(passes(DType.BF16, 1 + 0x1p-8, 0, 1 + 0x1p-7)).isFalse();
    // An error, however small, makes both right, and nothing else.
    assertThat(passes(DType.BF16, 1 + 0x1p-8, 1e-12, 1 + 0x1p-7)).isTrue();
    assertThat(passes(DType.BF16, 1 + 0x1p-8, 1e-12, 1)).isTrue();
    assertThat(passes(DType.BF16, 1 + 0x1p-8, 1e-12, 1 + 0x1p-6)).isFalse();
    assertThat(passes(DType.BF16, 1 + 0x1p-8, 1e-12, 1 - 0x1p-8)).isFalse();
  }

  @Test
  void truncationFailsWhereTheErrorIsSmall() {
    assertThat(passes(DType.BF16, 1 + 0.7 * 0x1p-7, 0x1p-20, 1 + 0x1p-7)).isTrue();
    assertThat(passes(DType.BF16, 1 + 0.7 * 0x1p-7, 0x1p-20, 1)).isFalse();
  }

  @Test
  void nanIsRightExactlyWhereItIsExpected() {
    assertThat(passes(DType.F32, Double.NaN, 0.5, Double.NaN)).isTrue();
    assertThat(passes(DType.F32, Double.NaN, 0.5, 1)).isFalse();
    assertThat(passes(DType.F32, 1, 0.5, Double.NaN)).isFalse();
    assertThat(passes(DType.F32, 1, Double.POSITIVE_INFINITY, Double.NaN)).isFalse();
    assertThat(passes(DType.F32, 1, Double.POSITIVE_INFINITY, -7e30)).isTrue();
  }

  @Test
  void infinityFollowsTheOutputRounding() {
    double max = FloatFormat.F32.maxFinite();
    assertThat(passes(DType.F32, 2 * max, 0, Double.POSITIVE_INFINITY)).isTrue();
    assertThat(passes(DType.F32, 2 * max, 0, max)).isFalse();
    assertThat(passes(DType.F32, Double.NEGATIVE_INFINITY, 0, Double.NEGATIVE_INFINITY)).isTrue();
    assertThat(passes(DType.F32, Double.NEGATIVE_INFINITY, 0, Double.POSITIVE_INFINITY)).isFalse();
    assertThat(passes(DType.F32, 1, 0.1, Double.POSITIVE_INFINITY)).isFalse();
    // The interval straddles the overflow threshold: both sides of it are right.
    double threshold = max + 0x1p103;
    assertThat(passes(DType.F32, threshold, 0x1p100, max)).isTrue();
    assertThat(passes(DType.F32, threshold, 0x1p100, Double.POSITIVE_INFINITY)).isTrue();
  }

  @Test
  void saturationFollowsTheOutputRounding() {
    assertThat(judge(KernelTraits.PLAIN_F32, DType.E4M3FN, Saturation.SAT, 1000, 1, 448).passed())
        .isTrue();
    assertThat(judge(KernelTraits.PLAIN_F32, DType.E4M3FN, Saturation.SAT, 1000, 1, 240).passed())
        .isFalse();
    assertThat(passes(DType.E4M3FN, 1000, 1, Double.NaN)).isTrue();
    assertThat(passes(DType.E4M3FN, 1000, 1, 448)).isFalse();
    // 464 is the threshold between 448 and NaN.
    assertThat(passes(DType.E4M3FN, 464, 1, Double.NaN)).isTrue();
    assertThat(passes(DType.E4M3FN, 464, 1, 448)).isTrue();
    assertThat(passes(DType.E4M3FN, 464, 1, 416)).isFalse();
    assertThat(passes(DType.E4M3FN, -464, 1, -448)).isTrue();
    assertThat(passes(DType.E4M3FN, -464, 1, 448)).isFalse();
  }

  @Test
  void subnormalsAreJudgedLikeOtherNumbers() {
    assertThat(passes(DType.F32, 0x1p-140, 0, 0x1p-140)).isTrue();
    assertThat(passes(DType.F32, 0x1p-140, 0, 0)).isFalse();
    assertThat(passes(DType.F32, 0x1p-150, 0, 0)).isTrue();
    assertThat(passes(DType.E4M3FN, 0x1p-9, 0, 0x1p-9)).isTrue();
    assertThat(passes(DType.E4M3FN, 0x1p-9, 0, 0)).isFalse();
  }

  @Test
  void aDeclaredFlushAllowsZeroInPlaceOfSubnormalsOnly() {
    Saturation none = Saturation.NONSAT;
    assertThat(judge(FLUSHING, DType.F32, none, 0x1p-140, 0, 0).passed()).isTrue();
    assertThat(judge(FLUSHING, DType.BF16, none, -0x1p-130, 0, 0).passed()).isTrue();
    assertThat(judge(FLUSHING, DType.F32, none, 0x1p-140, 0, 0x1p-141).passed()).isFalse();
    assertThat(judge(FLUSHING, DType.F32, none, 0x1p-126, 0, 0).passed()).isFalse();
    // An FP8 subnormal is a normal FP32 number.
    assertThat(judge(FLUSHING, DType.E4M3FN, none, 0x1p-9, 0, 0).passed()).isFalse();
  }

  @Test
  void scalesWithoutZeroTakeTheirSmallestValue() {
    assertThat(passes(DType.E8M0, 0x1p-127, 0x1p-126, 0x1p-127)).isTrue();
    assertThat(passes(DType.E8M0, 0.75, 0.1, 1)).isTrue();
    assertThat(passes(DType.E8M0, 0.75, 0.1, 0.5)).isFalse();
  }

  @Test
  void exactStrictnessIgnoresTheBound() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = HostTensors.of(arena, DType.F32, Shape.of(1), 3);
      Expected expected =
          Expected.Interval.all(DType.F32, Saturation.NONSAT, new double[] {2}, new double[] {5});
      Judge judge = new Judge(KernelTraits.PLAIN_F32);
      assertThat(judge.judge("y", expected, tensor, Strictness.BOUND).passed()).isTrue();
      assertThat(judge.judge("y", expected, tensor, Strictness.EXACT).passed()).isFalse();
    }
  }

  @Test
  void codesAreComparedExactlyButNanHasManyCodes() {
    assertThat(codes(Expected.Codes.all(DType.I32, new long[] {-1, 2}), -1, 2).passed()).isTrue();
    assertThat(codes(Expected.Codes.all(DType.I32, new long[] {-1, 2}), -1, 3).findings())
        .containsExactly("y[1] is 3, expected 2");
    Expected.Codes sampled = new Expected.Codes(DType.I32, new long[] {1}, new long[] {3});
    assertThat(codes(sampled, -1, 3).passed()).isTrue();
    assertThat(codes(Expected.Codes.all(DType.E4M3FN, new long[] {0x7F}), 0xFF).passed()).isTrue();
    assertThat(codes(Expected.Codes.all(DType.E4M3FN, new long[] {0x80}), 0).passed()).isFalse();
  }

  private static Judgement codes(Expected.Codes expected, long... actual) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = HostTensors.allocate(arena, expected.type(), actual.length);
      HostTensors.writeCodes(tensor, actual);
      return new Judge(KernelTraits.PLAIN_F32).judge("y", expected, tensor, Strictness.BOUND);
    }
  }

  @Test
  void findingsOfTheReferenceFail() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = HostTensors.allocate(arena, DType.I32, 2);
      Judge judge = new Judge(KernelTraits.PLAIN_F32);
      Expected wrong = new Expected.Verified(2, List.of("token 1: expert 3 is not in the top 2"));
      assertThat(judge.judge("indices", wrong, tensor, Strictness.BOUND).findings())
          .containsExactly("indices: token 1: expert 3 is not in the top 2");
      assertThat(
              judge
                  .judge("indices", new Expected.Verified(2, List.of()), tensor, Strictness.BOUND)
                  .passed())
          .isTrue();
    }
  }

  @Test
  void theWorstElementIsNamedByItsIndices() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = HostTensors.of(arena, DType.F32, Shape.of(2, 3), 1, 2, 3, 4, 5.5, 6.25);
      double[] exact = {1, 2, 3, 4, 5, 6};
      double[] error = new double[6];
      Arrays.fill(error, 0.125);
      Judgement judgement =
          new Judge(KernelTraits.PLAIN_F32)
              .judge(
                  "y",
                  Expected.Interval.all(DType.F32, Saturation.NONSAT, exact, error),
                  tensor,
                  Strictness.BOUND);
      assertThat(judgement.wrong()).isEqualTo(2);
      assertThat(judgement.findings().getFirst())
          .startsWith("y[1, 1] is 5.5, expected 5.0 within 4.875..5.125");
      // 5.5 needs an error of half a unit less than 0.5: the rest is the rounding's.
      assertThat(judgement.metrics().errorOverBound()).isCloseTo(4, within(1e-5)).isLessThan(4);
      assertThat(judgement.metrics().nmse()).isCloseTo(0.3125 / 91, within(1e-12));
    }
  }

  private static double ratio(DType type, double value, double error, double actual) {
    return judge(KernelTraits.PLAIN_F32, type, Saturation.NONSAT, value, error, actual)
        .metrics()
        .errorOverBound();
  }

  @Test
  void thePartOfTheBoundThatAnElementNeedsIsTakenBeforeTheRounding() {
    // 1.3 quarters of a unit above 1: the boundary to the next value is half a unit above 1.
    double value = 1 + 0.325 * 0x1p-7;
    assertThat(ratio(DType.BF16, value, 0x1p-8, 1)).isZero();
    assertThat(ratio(DType.BF16, value, 0x1p-8, 1 + 0x1p-7)).isCloseTo(0.35, within(1e-9));
    assertThat(ratio(DType.BF16, value, 0x1p-12, 1 + 0x1p-7)).isCloseTo(5.6, within(1e-9));
    assertThat(ratio(DType.BF16, 1, 0, 1 + 0x1p-7)).isInfinite();
    // Beyond the overflow threshold of FP32, which lies half a unit above the largest value.
    double max = FloatFormat.F32.maxFinite();
    assertThat(ratio(DType.F32, max, 0x1p104, Double.POSITIVE_INFINITY)).isEqualTo(0.5);
    assertThat(ratio(DType.F32, max + 0x1p104, 0x1p104, max)).isEqualTo(0.5);
    assertThat(ratio(DType.F32, max, 0x1p102, Double.POSITIVE_INFINITY)).isEqualTo(2);
    assertThat(ratio(DType.F32, 1, 1, Double.NaN)).isInfinite();
    assertThat(ratio(DType.F32, Double.NaN, 1, Double.NaN)).isZero();
    // NaN lies beyond 464 in E4M3FN, which has no infinity.
    assertThat(ratio(DType.E4M3FN, 460, 8, Double.NaN)).isEqualTo(0.5);
    assertThat(ratio(DType.E4M3FN, 468, 8, 448)).isEqualTo(0.5);
    assertThat(ratio(DType.E4M3FN, 1000, 1, Double.NaN)).isZero();
    // A tie belongs to the even neighbour: the other one is wrong at a distance of 0.
    assertThat(ratio(DType.BF16, 1 + 0x1p-8, 0, 1 + 0x1p-7)).isGreaterThan(1);
    assertThat(ratio(DType.BF16, 1 + 0x1p-7 + 0x1p-8 - 0x1p-20, 0x1p-20, 1 + 0x1p-6)).isEqualTo(1);
  }

  @Test
  void onlySampledElementsAreJudged() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = HostTensors.of(arena, DType.F32, Shape.of(3), 1, -1, 3);
      Expected expected =
          new Expected.Interval(
              DType.F32, Saturation.NONSAT, new long[] {0, 2}, new double[] {1, 3}, new double[2]);
      Judgement judgement =
          new Judge(KernelTraits.PLAIN_F32).judge("y", expected, tensor, Strictness.BOUND);
      assertThat(judgement.judged()).isEqualTo(2);
      assertThat(judgement.passed()).isTrue();
    }
  }

  @Test
  void truncationIsBiasedAndRoundingIsNot() {
    assertThat(bias(KernelTraits.PLAIN_F32, DType.BF16, true).mean()).isBetween(-0.55, -0.45);
    assertThat(bias(KernelTraits.PLAIN_F32, DType.BF16, true).fails()).isTrue();
    assertThat(bias(KernelTraits.PLAIN_F32, DType.BF16, false).mean()).isBetween(-0.05, 0.05);
    assertThat(bias(KernelTraits.PLAIN_F32, DType.BF16, false).fails()).isFalse();
  }

  @Test
  void biasSkipsTruncatingAccumulatorsAndSmallSamples() {
    KernelTraits reduced = KernelTraits.PLAIN_F32.with(Accumulator.F32_PROMOTED_EVERY_128);
    assertThat(bias(reduced, DType.F32, true)).isEqualTo(Bias.NONE);
    assertThat(bias(reduced, DType.BF16, true).elements()).isPositive();
    assertThat(new Bias(511, -511).fails()).isFalse();
    assertThat(new Bias(512, -512).fails()).isTrue();
  }

  @Test
  void repeatedValuesCountOnce() {
    double[] exact = new double[2000];
    for (int i = 0; i < exact.length; i++) {
      // Both lie two fifths of a unit above a BF16 number.
      exact[i] = 1 + (i % 2 + 0.4) * 0x1p-7;
    }
    Bias bias = bias(KernelTraits.PLAIN_F32, DType.BF16, false, exact);
    assertThat(bias.elements()).isEqualTo(2);
    assertThat(bias.mean()).isBetween(-0.41, -0.39);
    assertThat(bias.fails()).isFalse();
  }

  private static Bias bias(KernelTraits traits, DType type, boolean truncate) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(7);
    return bias(traits, type, truncate, random.doubles(2000, -3, 3).toArray());
  }

  private static Bias bias(KernelTraits traits, DType type, boolean truncate, double[] exact) {
    FloatFormat format = type.format();
    double[] actual =
        Arrays.stream(exact)
            .map(
                x ->
                    truncate
                        ? Math.signum(x) * Math.floor(Math.abs(x) / format.ulp(x)) * format.ulp(x)
                        : x)
            .toArray();
    try (Arena arena = Arena.ofConfined()) {
      Tensor tensor = HostTensors.of(arena, type, Shape.of(exact.length), actual);
      return new Judge(traits)
          .judge(
              "y",
              Expected.Interval.all(type, Saturation.NONSAT, exact, new double[exact.length]),
              tensor,
              Strictness.BOUND)
          .bias();
    }
  }

  @Test
  void mistakesOfTheReferenceAreNotBlamedOnTheDevice() {
    assertThatThrownBy(() -> passes(DType.F32, 1, Double.NaN, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("bound of y[0] is NaN");
  }
}

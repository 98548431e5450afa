package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Neighbours and spacing against the sorted list of all values, and against {@link Math} for FP32.
 */
class FloatSpacingTest {
  private static final long SEED = 0x5eed_0003L;

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1"})
  void neighboursOfEveryValueAreTheValuesBesideIt(DType type) {
    FloatFormat format = type.format();
    double[] values = ExactFormat.of(type).finiteMagnitudes();
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < values.length; i++) {
      double value = values[i];
      double above = i + 1 < values.length ? values[i + 1] : Double.POSITIVE_INFINITY;
      double below = i > 0 ? values[i - 1] : -values[1];
      double negativeZero = type == DType.E4M3FNUZ || type == DType.E5M2FNUZ ? 0.0 : -0.0;
      mismatches.check(format.nextUp(value), above, () -> type + " up " + value);
      mismatches.check(format.nextDown(value), below, () -> type + " down " + value);
      mismatches.check(format.nextDown(-value), -above, () -> type + " down -" + value);
      double mirrored = i == 1 ? negativeZero : -below;
      mismatches.check(format.nextUp(-value), mirrored, () -> type + " up -" + value);
    }
    mismatches.assertNoneOf(4L * values.length);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1"})
  void neighboursOfAValueBetweenTwoAreThoseTwo(DType type) {
    FloatFormat format = type.format();
    double[] values = ExactFormat.of(type).finiteMagnitudes();
    SplittableRandom random = new SplittableRandom(SEED);
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i + 1 < values.length; i++) {
      double lower = values[i];
      double upper = values[i + 1];
      double between = random.nextDouble(Math.nextUp(lower), upper);
      mismatches.check(format.nextUp(between), upper, () -> type + " up " + between);
      mismatches.check(format.nextDown(between), lower, () -> type + " down " + between);
      mismatches.check(format.nextDown(-between), -upper, () -> type + " down -" + between);
      mismatches.check(format.ulp(between), upper - lower, () -> type + " ulp " + between);
      mismatches.check(format.ulp(-lower), upper - lower, () -> type + " ulp -" + lower);
    }
    mismatches.assertNoneOf(5L * (values.length - 1));
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void beyondTheLargestValueThereIsOnlyInfinity(FloatFormat format) {
    double max = format.maxFinite();
    assertThat(format.nextUp(max)).isPositive().isInfinite();
    assertThat(format.nextUp(Double.POSITIVE_INFINITY)).isPositive().isInfinite();
    assertThat(format.nextDown(Double.POSITIVE_INFINITY)).isEqualTo(max);
    assertThat(format.nextDown(Math.nextUp(max))).isEqualTo(max);
    double lowest = format.isSigned() ? -max : format.minNormal();
    assertThat(format.nextDown(lowest)).isNegative().isInfinite();
    assertThat(format.nextUp(Double.NEGATIVE_INFINITY)).isEqualTo(lowest);
    assertThat(format.nextUp(Math.nextDown(lowest))).isEqualTo(lowest);
    assertThat(format.nextUp(Double.NaN)).isNaN();
    assertThat(format.nextDown(Double.NaN)).isNaN();
    assertThat(format.ulp(Double.NaN)).isNaN();
    assertThat(format.ulp(Double.NEGATIVE_INFINITY)).isPositive().isInfinite();
    assertThat(format.ulp(4 * max)).isEqualTo(format.ulp(max));
    assertThat(format.ulp(0)).isEqualTo(format.minSubnormal());
  }

  @Test
  void f32HasTheNeighboursAndSpacingOfTheLanguage() {
    SplittableRandom random = new SplittableRandom(SEED);
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < 50_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      mismatches.check(FloatFormat.F32.nextUp(value), Math.nextUp(value), () -> "up " + value);
      mismatches.check(
          FloatFormat.F32.nextDown(value), Math.nextDown(value), () -> "down " + value);
      mismatches.check(FloatFormat.F32.ulp(value), Math.ulp(value), () -> "ulp " + value);
    }
    mismatches.assertNoneOf(150_000);
  }

  @Test
  void e8m0NeighboursAreThePowersOfTwoBeside() {
    FloatFormat format = FloatFormat.E8M0;
    Mismatches mismatches = new Mismatches();
    for (int exponent = -126; exponent < 127; exponent++) {
      double power = Math.scalb(1.0, exponent);
      mismatches.check(format.nextUp(power), 2 * power, () -> "up " + power);
      mismatches.check(format.nextDown(power), power / 2, () -> "down " + power);
      mismatches.check(format.nextUp(1.3 * power), 2 * power, () -> "up 1.3 * " + power);
      mismatches.check(format.nextDown(1.3 * power), power, () -> "down 1.3 * " + power);
      mismatches.check(format.ulp(1.3 * power), power, () -> "ulp 1.3 * " + power);
    }
    mismatches.assertNoneOf(253 * 5);
  }
}

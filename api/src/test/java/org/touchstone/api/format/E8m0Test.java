package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.touchstone.api.format.E8m0Rounding.NEAREST;
import static org.touchstone.api.format.E8m0Rounding.UP;
import static org.touchstone.api.format.Saturation.NONSAT;
import static org.touchstone.api.format.Saturation.SAT;

import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class E8m0Test {
  private static final long SEED = 0x5eed_0004L;

  @Test
  void everyCodeIsItsPowerOfTwo() {
    Mismatches mismatches = new Mismatches();
    for (int code = 0; code < 255; code++) {
      int shown = code;
      double exact = ExactFormat.powerOfTwo(code - 127).doubleValue();
      mismatches.check(E8m0.toFloat((byte) code), exact, () -> "code " + shown);
      mismatches.check(FloatFormat.E8M0.decode(code), exact, () -> "exact code " + shown);
      mismatches.check(E8m0.ofPowerOfTwo((float) exact), (byte) code, () -> "back " + shown);
      mismatches.check(
          E8m0.ceilLog2Scale((float) exact), Math.max(exact, 0x1p-126), () -> "ceil " + shown);
      for (E8m0Rounding rounding : E8m0Rounding.values()) {
        mismatches.check(
            E8m0.encode(exact, rounding, NONSAT), (byte) code, () -> rounding + " " + shown);
      }
    }
    mismatches.assertNoneOf(255 * 6);
  }

  @Test
  void codesAtTheEndsHaveTheirOwnBits() {
    assertThat(Float.floatToRawIntBits(E8m0.toFloat((byte) 0))).isEqualTo(0x0040_0000);
    assertThat(Float.floatToRawIntBits(E8m0.toFloat((byte) 1))).isEqualTo(0x0080_0000);
    assertThat(E8m0.toFloat((byte) 127)).isEqualTo(1f);
    assertThat(Float.floatToRawIntBits(E8m0.toFloat((byte) 254))).isEqualTo(0x7F00_0000);
    assertThat(E8m0.toFloat(E8m0.NAN)).isNaN();
    assertThat(FloatFormat.E8M0.decode(0xFF)).isNaN();
    assertThat(E8m0.ofPowerOfTwo(Float.NaN)).isEqualTo((byte) 0xFF);
  }

  @ParameterizedTest
  @CsvSource({
    // value, UP/NONSAT, UP/SAT, NEAREST/NONSAT, NEAREST/SAT
    "0x1p-149,             00, 00, 00, 00",
    "0x1p-127,             00, 00, 00, 00",
    "0x1.0000001p-127,     01, 01, 00, 00",
    "0x1.8p-127,           01, 01, 00, 00",
    "0x1.8000001p-127,     01, 01, 01, 01",
    "4.9e-324,             00, 00, 00, 00",
    "0.75,                 7f, 7f, 7e, 7e",
    "0.7500001,            7f, 7f, 7f, 7f",
    "1,                    7f, 7f, 7f, 7f",
    "1.0000000000000002,   80, 80, 7f, 7f",
    "1.4999999,            80, 80, 7f, 7f",
    "1.5,                  80, 80, 80, 80",
    "3,                    81, 81, 80, 80",
    "0x1p127,              fe, fe, fe, fe",
    "0x1.0000001p127,      ff, fe, fe, fe",
    "0x1.8p127,            ff, fe, fe, fe",
    "0x1.8000001p127,      ff, fe, ff, fe",
    "Infinity,             ff, fe, ff, fe",
    "NaN,                  ff, ff, ff, ff",
  })
  void encodesUpOrToTheNearest(
      String text, String up, String upSat, String nearest, String nearestSat) {
    double value = Double.parseDouble(text);
    assertThat(E8m0.encode(value, UP, NONSAT)).isEqualTo(code(up));
    assertThat(E8m0.encode(value, UP, SAT)).isEqualTo(code(upSat));
    assertThat(E8m0.encode(value, NEAREST, NONSAT)).isEqualTo(code(nearest));
    assertThat(E8m0.encode(value, NEAREST, SAT)).isEqualTo(code(nearestSat));
    assertThat(FloatFormat.E8M0.encode(value, NONSAT)).isEqualTo(Byte.toUnsignedInt(code(up)));
    assertThat(FloatFormat.E8M0.encode(value, SAT)).isEqualTo(Byte.toUnsignedInt(code(upSat)));
  }

  @Test
  void randomValuesGoToThePowerThatExactComparisonGives() {
    SplittableRandom random = new SplittableRandom(SEED);
    BigDecimal[] powers = new BigDecimal[255];
    for (int code = 0; code < powers.length; code++) {
      powers[code] = ExactFormat.powerOfTwo(code - 127);
    }
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < 5_000; i++) {
      double value = Math.scalb(random.nextDouble(1, 2), random.nextInt(-127, 127));
      BigDecimal exact = new BigDecimal(value);
      int above = 0;
      while (powers[above].compareTo(exact) < 0) {
        above++;
      }
      BigDecimal midpoint = powers[above].multiply(new BigDecimal("0.75"));
      int nearest = exact.compareTo(midpoint) > 0 ? above : above - 1;
      int upCode = above;
      mismatches.check(
          E8m0.encode(value, UP, NONSAT),
          (byte) upCode,
          () -> "up %s (seed %x)".formatted(value, SEED));
      mismatches.check(
          E8m0.encode(value, NEAREST, NONSAT),
          (byte) nearest,
          () -> "nearest %s (seed %x)".formatted(value, SEED));
    }
    mismatches.assertNoneOf(10_000);
  }

  @Test
  void ceilLog2ScaleIsTheSmallestPowerOfTwoNotBelow() {
    SplittableRandom random = new SplittableRandom(SEED);
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < 20_000; i++) {
      float scale = Float.intBitsToFloat(random.nextInt(0x7F00_0001));
      checkCeil(scale, mismatches);
    }
    for (int exponent = -149; exponent < 127; exponent++) {
      float power = Math.scalb(1f, exponent);
      checkCeil(power, mismatches);
      checkCeil(Math.nextUp(power), mismatches);
      checkCeil(Math.nextDown(power), mismatches);
    }
    mismatches.assertNoneOf(20_000 + 276 * 3);
  }

  private static void checkCeil(float scale, Mismatches mismatches) {
    int exponent = -126;
    while (Math.scalb(1.0, exponent) < scale) {
      exponent++;
    }
    mismatches.check(
        E8m0.ceilLog2Scale(scale), Math.scalb(1.0, exponent), () -> "ceil of " + scale);
  }

  @Test
  void ceilLog2ScaleStaysInsideTheNormalNumbers() {
    assertThat(E8m0.ceilLog2Scale(0f)).isEqualTo(0x1p-126f);
    assertThat(E8m0.ceilLog2Scale(Float.MIN_VALUE)).isEqualTo(0x1p-126f);
    assertThat(E8m0.ceilLog2Scale(Math.nextUp(0x1p127f))).isEqualTo(0x1p127f);
    assertThat(E8m0.ceilLog2Scale(Float.MAX_VALUE)).isEqualTo(0x1p127f);
    assertThat(E8m0.ceilLog2Scale(Float.POSITIVE_INFINITY)).isNaN();
    assertThat(E8m0.ceilLog2Scale(Float.NaN)).isNaN();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.0, -0.0, -1.0, Double.NEGATIVE_INFINITY})
  void refusesWhatHasNoCode(double value) {
    for (E8m0Rounding rounding : E8m0Rounding.values()) {
      assertThatThrownBy(() -> E8m0.encode(value, rounding, SAT))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("expected a positive number");
    }
    assertThatThrownBy(() -> FloatFormat.E8M0.encode(value, NONSAT))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      floats = {
        0f,
        -0f,
        -1f,
        1.5f,
        0x1p-128f,
        0x1.8p-127f,
        Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY
      })
  void ofPowerOfTwoRefusesEverythingElse(float scale) {
    assertThatThrownBy(() -> E8m0.ofPowerOfTwo(scale))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected a power of two");
  }

  private static byte code(String hex) {
    return (byte) Integer.parseInt(hex, 16);
  }
}

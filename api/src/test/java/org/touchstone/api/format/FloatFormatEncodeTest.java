package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.api.format.Saturation.NONSAT;
import static org.touchstone.api.format.Saturation.SAT;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Conversions against a search for the nearest of all values, through the exact and the fast path.
 */
class FloatFormatEncodeTest {
  private static final long SEED = 0x5eed_0002L;

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1"})
  void everySixteenBitValueGoesToTheNearestCode(DType type) {
    ExactFormat exact = ExactFormat.of(type);
    Mismatches mismatches = new Mismatches();
    for (int code = 0; code < 1 << 16; code++) {
      checkFloat(Bf16.toFloat((short) code), type, exact, mismatches);
      checkFloat(F16.toFloat((short) code), type, exact, mismatches);
    }
    mismatches.assertNoneOf((1L << 16) * 2 * 2 * 2);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1"})
  void valuesAroundEveryMidpointGoToTheNearestCode(DType type) {
    ExactFormat exact = ExactFormat.of(type);
    Mismatches mismatches = new Mismatches();
    for (double midpoint : exact.midpoints()) {
      for (double sign : new double[] {1, -1}) {
        double value = sign * midpoint;
        checkDouble(value, type, exact, mismatches);
        checkDouble(Math.nextUp(value), type, exact, mismatches);
        checkDouble(Math.nextDown(value), type, exact, mismatches);
        float narrowed = (float) value;
        checkFloat(narrowed, type, exact, mismatches);
        checkFloat(Math.nextUp(narrowed), type, exact, mismatches);
        checkFloat(Math.nextDown(narrowed), type, exact, mismatches);
      }
    }
    mismatches.assertNoneOf(exact.midpoints().length * 2L * 18);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1"})
  void randomValuesGoToTheNearestCode(DType type) {
    ExactFormat exact = ExactFormat.of(type);
    SplittableRandom random = new SplittableRandom(SEED);
    Mismatches mismatches = new Mismatches();
    int minExponent = type.format().minExponent() - type.format().mantissaBits() - 3;
    int maxExponent = type.format().maxExponent() + 3;
    for (int i = 0; i < 20_000; i++) {
      checkFloat(Float.intBitsToFloat(random.nextInt()), type, exact, mismatches);
      checkDouble(Double.longBitsToDouble(random.nextLong()), type, exact, mismatches);
      double significand = random.nextDouble(1, 2) * (random.nextBoolean() ? 1 : -1);
      double inRange = Math.scalb(significand, random.nextInt(minExponent, maxExponent));
      checkDouble(inRange, type, exact, mismatches);
      checkFloat((float) inRange, type, exact, mismatches);
    }
    mismatches.assertNone();
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1", "E8M0"})
  void everyCodeThatIsNotNanSurvivesDecodingAndEncoding(DType type) {
    FloatFormat format = type.format();
    Mismatches mismatches = new Mismatches();
    for (int code = 0; code < 1 << type.bits(); code++) {
      int expected = format.isNan(code) ? format.nanCode().orElseThrow() : code;
      double value = format.decode(code);
      mismatches.check(format.encode(value, NONSAT), expected, () -> type + " " + value);
    }
    mismatches.assertNoneOf(1L << type.bits());
  }

  @Test
  void f32AgreesWithTheConversionOfTheLanguage() {
    SplittableRandom random = new SplittableRandom(SEED);
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < 200_000; i++) {
      double value =
          i % 4 == 0
              ? Double.longBitsToDouble(random.nextLong())
              : Math.scalb(random.nextDouble(-2, 2), random.nextInt(-155, 130));
      mismatches.check(
          FloatFormat.F32.encode(value, NONSAT),
          Float.floatToIntBits((float) value),
          () -> "F32 " + value);
    }
    double overflow = 0x1.ffffffp127;
    for (double value :
        new double[] {0x1p-150, Math.nextUp(0x1p-150), Math.nextDown(overflow), overflow, -0.0}) {
      mismatches.check(
          FloatFormat.F32.encode(value, NONSAT),
          Float.floatToIntBits((float) value),
          () -> "F32 " + value);
    }
    mismatches.assertNoneOf(200_005);
    assertThat(FloatFormat.F32.encode(overflow, SAT)).isEqualTo(0x7F7F_FFFF);
    assertThat(FloatFormat.F32.encode(-1e300, SAT)).isEqualTo(0xFF7F_FFFF);
  }

  @Test
  void aDoubleIsRoundedOnce() {
    // Just above the tie of 1.0 and 1.125; as a float it would be the tie and go down to the even
    // code.
    double aboveTie = 1.0625 + 0x1p-40;
    assertThat((float) aboveTie).isEqualTo(1.0625f);
    assertThat(FloatFormat.E4M3FN.encode(aboveTie, SAT)).isEqualTo(0x39);
    assertThat(FloatFormat.E4M3FN.encode((float) aboveTie, SAT)).isEqualTo(0x38);
    assertThat(FloatFormat.BF16.encode(1 + 0x1p-8 + 0x1p-40, NONSAT)).isEqualTo(0x3F81);
    assertThat(FloatFormat.F16.encode(1 + 0x1p-11 + 0x1p-40, NONSAT)).isEqualTo(0x3C01);
  }

  @Test
  void roundingThroughBf16DiffersFromRoundingDirectly() {
    // BF16 rounds 1.0644531 down to the tie 1.0625, which E4M3FN then rounds to the even code.
    float value = 1.0625f + 0x1p-9f;
    assertThat(Fp8.encode(value, DType.E4M3FN, SAT)).isEqualTo((byte) 0x39);
    assertThat(Fp8.encode(Bf16.round(value), DType.E4M3FN, SAT)).isEqualTo((byte) 0x38);
  }

  @ParameterizedTest
  @EnumSource(value = FloatFormat.class, names = "E8M0", mode = EnumSource.Mode.EXCLUDE)
  void nanOfAnySignAndPayloadGivesTheCanonicalCode(FloatFormat format) {
    int expected = format.nanCode().orElse(0);
    for (int bits : new int[] {0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, 0xFFFF_FFFF, 0x7FBF_FFFF}) {
      float nan = Float.intBitsToFloat(bits);
      assertThat(format.encode(nan, SAT)).isEqualTo(expected);
      assertThat(format.encode(nan, NONSAT)).isEqualTo(expected);
      assertThat(fastEncode(nan, DType.valueOf(format.name()), SAT)).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1"})
  void roundToGivesTheValueOfTheNearestCode(DType type) {
    ExactFormat exact = ExactFormat.of(type);
    double[] values = {0.3, -2.6, 1e-30, -1e-30, 1e30, Double.NEGATIVE_INFINITY, -0.0, Double.NaN};
    Mismatches mismatches = new Mismatches();
    for (double value : values) {
      for (Saturation saturation : Saturation.values()) {
        mismatches.check(
            type.format().roundTo(value, saturation),
            exact.decode(exact.encode(value, saturation)),
            () -> "%s %s %s".formatted(type, saturation, value));
      }
    }
    mismatches.assertNoneOf(values.length * 2L);
  }

  private static void checkDouble(
      double value, DType type, ExactFormat exact, Mismatches mismatches) {
    for (Saturation saturation : Saturation.values()) {
      mismatches.check(
          type.format().encode(value, saturation),
          exact.encode(value, saturation),
          () -> "%s %s %s (seed %x)".formatted(type, saturation, value, SEED));
    }
  }

  private static void checkFloat(
      float value, DType type, ExactFormat exact, Mismatches mismatches) {
    for (Saturation saturation : Saturation.values()) {
      int expected = exact.encode(value, saturation);
      mismatches.check(
          type.format().encode(value, saturation),
          expected,
          () -> "%s %s %s (seed %x)".formatted(type, saturation, value, SEED));
      mismatches.check(
          fastEncode(value, type, saturation),
          expected,
          () -> "fast %s %s %s (seed %x)".formatted(type, saturation, value, SEED));
    }
  }

  private static int fastEncode(float value, DType type, Saturation saturation) {
    return switch (type) {
      case BF16 -> Short.toUnsignedInt(Bf16.fromFloat(value, saturation));
      case F16 -> Short.toUnsignedInt(F16.fromFloat(value, saturation));
      case E2M1 -> E2m1.encode(value);
      case F32 -> Float.floatToIntBits(value);
      default -> Byte.toUnsignedInt(Fp8.encode(value, type, saturation));
    };
  }
}

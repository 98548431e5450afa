package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The published properties of each format. */
class FloatFormatTest {

  @ParameterizedTest
  @CsvSource({
    // format, sign, exponent, mantissa, bias, max, code, min normal, code, max sub, min sub, one
    "F32,      1, 8, 23, 127, 0x1.fffffep127, 0x7F7FFFFF, 0x1p-126, 0x00800000, 0x0.fffffep-126,"
        + " 0x1p-149, 0x3F800000",
    "BF16,     1, 8,  7, 127, 0x1.fep127,     0x7F7F,     0x1p-126, 0x0080,     0x0.fep-126,    "
        + " 0x1p-133, 0x3F80",
    "F16,      1, 5, 10,  15, 65504,          0x7BFF,     0x1p-14,  0x0400,     0x0.ffcp-14,    "
        + " 0x1p-24,  0x3C00",
    "E4M3FN,   1, 4,  3,   7, 448,            0x7E,       0x1p-6,   0x08,       0.013671875,    "
        + " 0x1p-9,   0x38",
    "E5M2,     1, 5,  2,  15, 57344,          0x7B,       0x1p-14,  0x04,       4.57763671875e-5,"
        + " 0x1p-16, 0x3C",
    "E4M3FNUZ, 1, 4,  3,   8, 240,            0x7F,       0x1p-7,   0x08,       0.0068359375,   "
        + " 0x1p-10,  0x40",
    "E5M2FNUZ, 1, 5,  2,  16, 57344,          0x7F,       0x1p-15,  0x04,       2.288818359375e-5,"
        + " 0x1p-17, 0x40",
    "E2M1,     1, 2,  1,   1, 6,              0x7,        1,        0x2,        0.5,            "
        + " 0.5,      0x2",
    "E8M0,     0, 8,  0, 127, 0x1p127,        0xFE,       0x1p-127, 0x00,       0,              "
        + " 0x1p-127, 0x7F",
  })
  void hasTheParametersOfItsSpecification(
      FloatFormat format,
      int signBits,
      int exponentBits,
      int mantissaBits,
      int bias,
      String maxFinite,
      String maxFiniteCode,
      String minNormal,
      String minNormalCode,
      String maxSubnormal,
      String minSubnormal,
      String oneCode) {
    assertThat(format.isSigned()).isEqualTo(signBits == 1);
    assertThat(format.exponentBits()).isEqualTo(exponentBits);
    assertThat(format.mantissaBits()).isEqualTo(mantissaBits);
    assertThat(format.bits()).isEqualTo(signBits + exponentBits + mantissaBits);
    assertThat(format.bias()).isEqualTo(bias);
    assertThat(format.maxFinite()).isEqualTo(Double.parseDouble(maxFinite));
    assertThat(format.maxFiniteCode()).isEqualTo(Integer.decode(maxFiniteCode));
    assertThat(format.decode(format.maxFiniteCode())).isEqualTo(format.maxFinite());
    assertThat(format.minNormal()).isEqualTo(Double.parseDouble(minNormal));
    assertThat(format.minNormalCode()).isEqualTo(Integer.decode(minNormalCode));
    assertThat(format.decode(format.minNormalCode())).isEqualTo(format.minNormal());
    assertThat(format.maxSubnormal()).isEqualTo(Double.parseDouble(maxSubnormal));
    assertThat(format.minSubnormal()).isEqualTo(Double.parseDouble(minSubnormal));
    assertThat(format.oneCode()).isEqualTo(Integer.decode(oneCode));
    assertThat(format.decode(format.oneCode())).isEqualTo(1.0);
  }

  @ParameterizedTest
  @CsvSource({
    // format, -0, Inf code, NaN code, NaN codes, infinite codes, finite codes, distinct finite
    // values
    "E4M3FN,   true,  ,     0x7F,    2, 0, 254, 253",
    "E5M2,     true,  0x7C, 0x7E,    6, 2, 248, 247",
    "E4M3FNUZ, false, ,     0x80,    1, 0, 255, 255",
    "E5M2FNUZ, false, ,     0x80,    1, 0, 255, 255",
    "E2M1,     true,  ,     ,        0, 0,  16,  15",
    "E8M0,     false, ,     0xFF,    1, 0, 255, 255",
    "F16,      true,  0x7C00, 0x7E00, 2046, 2, 63488, 63487",
    "BF16,     true,  0x7F80, 0x7FC0,  254, 2, 65280, 65279",
  })
  void hasTheSpecialCodesOfItsSpecification(
      FloatFormat format,
      boolean negativeZero,
      String infinityCode,
      String nanCode,
      int nanCodes,
      int infiniteCodes,
      int finiteCodes,
      int distinctValues) {
    int nans = 0;
    int infinities = 0;
    int finite = 0;
    Set<Double> values = new HashSet<>();
    for (int code = 0; code < 1 << format.bits(); code++) {
      double value = format.decode(code);
      assertThat(format.isNan(code)).isEqualTo(Double.isNaN(value));
      assertThat(format.isInfinite(code)).isEqualTo(Double.isInfinite(value));
      if (Double.isNaN(value)) {
        nans++;
      } else if (Double.isInfinite(value)) {
        infinities++;
      } else {
        finite++;
        values.add(value + 0.0);
      }
    }
    assertThat(nans).isEqualTo(nanCodes);
    assertThat(infinities).isEqualTo(infiniteCodes);
    assertThat(finite).isEqualTo(finiteCodes);
    assertThat(values).hasSize(distinctValues);
    assertThat(format.hasNegativeZero()).isEqualTo(negativeZero);
    assertThat(format.hasInfinity()).isEqualTo(infiniteCodes > 0);
    assertThat(format.hasNan()).isEqualTo(nanCodes > 0);
    assertThat(format.infinityCode()).isEqualTo(optionalCode(infinityCode));
    assertThat(format.nanCode()).isEqualTo(optionalCode(nanCode));
    assertThat(format.hasZero()).isEqualTo(values.contains(0.0));
  }

  @Test
  void f32HasTheSpecialCodesOfIeee754() {
    assertThat(FloatFormat.F32.nanCode()).hasValue(0x7FC0_0000);
    assertThat(FloatFormat.F32.infinityCode()).hasValue(0x7F80_0000);
    assertThat(FloatFormat.F32.hasNegativeZero()).isTrue();
    assertThat(FloatFormat.F32.isNan(0xFF80_0001)).isTrue();
    assertThat(FloatFormat.F32.isInfinite(0xFF80_0000)).isTrue();
    assertThat(FloatFormat.F32.isNan(0xFF80_0000)).isFalse();
  }

  @Test
  void unsignedE4m3ScalesHave127FiniteCodes() {
    long finite = 0;
    for (int code = 0; code < 0x80; code++) {
      finite += Double.isFinite(FloatFormat.E4M3FN.decode(code)) ? 1 : 0;
    }
    assertThat(finite).isEqualTo(127);
  }

  @ParameterizedTest
  @CsvSource({
    "E4M3FN, 8",
    "E5M2, 15",
    "E2M1, 2",
    "E4M3FNUZ, 7",
    "F16, 15",
    "BF16, 127",
    "E8M0, 127"
  })
  void maxExponentIsTheOneOfTheMxScaleRule(FloatFormat format, int exponent) {
    assertThat(format.maxExponent()).isEqualTo(exponent);
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void representsItsOwnValuesOnly(FloatFormat format) {
    assertThat(format.isRepresentable(format.maxFinite())).isTrue();
    assertThat(format.isRepresentable(format.minSubnormal())).isTrue();
    assertThat(format.isRepresentable(format.minSubnormal() / 2)).isFalse();
    assertThat(format.isRepresentable(Math.nextUp(1.0))).isFalse();
    assertThat(format.isRepresentable(2 * format.maxFinite())).isFalse();
    assertThat(format.isRepresentable(-1.0)).isEqualTo(format.isSigned());
    assertThat(format.isRepresentable(0.0)).isEqualTo(format.hasZero());
    assertThat(format.isRepresentable(-0.0)).isEqualTo(format.hasNegativeZero());
    assertThat(format.isRepresentable(Double.NaN)).isEqualTo(format.hasNan());
    assertThat(format.isRepresentable(Double.POSITIVE_INFINITY)).isEqualTo(format.hasInfinity());
    assertThat(format.isRepresentable(Double.NEGATIVE_INFINITY)).isEqualTo(format.hasInfinity());
  }

  private static OptionalInt optionalCode(String code) {
    return code == null ? OptionalInt.empty() : OptionalInt.of(Integer.decode(code));
  }
}

package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.api.format.Saturation.NONSAT;
import static org.touchstone.api.format.Saturation.SAT;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Conversions with their codes written out. */
class GoldenConversionTest {

  @ParameterizedTest
  @CsvSource({
    // value, E4M3FN both, E5M2 both, E4M3FNUZ both, E5M2FNUZ both; NONSAT first, then SAT
    "0.1,                     1d, 1d, 2e, 2e, 25, 25, 32, 32",
    "0.3333333333333333,      2b, 2b, 35, 35, 33, 33, 39, 39",
    "0x1p-9,                  01, 01, 18, 18, 02, 02, 1c, 1c",
    "0x1p-10,                 00, 00, 14, 14, 01, 01, 18, 18",
    "0x1.8p-10,               01, 01, 16, 16, 02, 02, 1a, 1a",
    "-0x1p-10,                80, 80, 94, 94, 81, 81, 98, 98",
    "-0x1p-11,                80, 80, 90, 90, 00, 00, 94, 94",
    "-0x1p-18,                80, 80, 80, 80, 00, 00, 00, 00",
    "0.0146484375,            08, 08, 24, 24, 0f, 0f, 28, 28",
    "17,                      58, 58, 4c, 4c, 60, 60, 50, 50",
    "18,                      59, 59, 4c, 4c, 61, 61, 50, 50",
    "19,                      5a, 5a, 4d, 4d, 62, 62, 51, 51",
    "247.99998,               77, 77, 5c, 5c, 7f, 7f, 60, 60",
    "248,                     78, 78, 5c, 5c, 80, 7f, 60, 60",
    "-248,                    f8, f8, dc, dc, 80, ff, e0, e0",
    "432,                     7e, 7e, 5f, 5f, 80, 7f, 63, 63",
    "464,                     7e, 7e, 5f, 5f, 80, 7f, 63, 63",
    "464.0001,                7f, 7e, 5f, 5f, 80, 7f, 63, 63",
    "-464.0001,               7f, fe, df, df, 80, ff, e3, e3",
    "57344,                   7f, 7e, 7b, 7b, 80, 7f, 7f, 7f",
    "61439.996,               7f, 7e, 7b, 7b, 80, 7f, 7f, 7f",
    "61440,                   7f, 7e, 7c, 7b, 80, 7f, 80, 7f",
    "-61440,                  7f, fe, fc, fb, 80, ff, 80, ff",
    "1e9,                     7f, 7e, 7c, 7b, 80, 7f, 80, 7f",
    "-3e38,                   7f, fe, fc, fb, 80, ff, 80, ff",
    "Infinity,                7f, 7e, 7c, 7b, 80, 7f, 80, 7f",
    "-Infinity,               7f, fe, fc, fb, 80, ff, 80, ff",
    "NaN,                     7f, 7f, 7e, 7e, 80, 80, 80, 80",
    "0.0,                     00, 00, 00, 00, 00, 00, 00, 00",
    "-0.0,                    80, 80, 80, 80, 00, 00, 00, 00",
  })
  void fp8(
      String text,
      String e4m3Fn,
      String e4m3FnSat,
      String e5m2,
      String e5m2Sat,
      String e4m3Fnuz,
      String e4m3FnuzSat,
      String e5m2Fnuz,
      String e5m2FnuzSat) {
    float value = Float.parseFloat(text);
    assertEncodes(value, DType.E4M3FN, e4m3Fn, e4m3FnSat);
    assertEncodes(value, DType.E5M2, e5m2, e5m2Sat);
    assertEncodes(value, DType.E4M3FNUZ, e4m3Fnuz, e4m3FnuzSat);
    assertEncodes(value, DType.E5M2FNUZ, e5m2Fnuz, e5m2FnuzSat);
  }

  @ParameterizedTest
  @CsvSource({
    "0.25, 0",
    "0.75, 2",
    "1.25, 2",
    "1.75, 4",
    "2.5, 4",
    "3.5, 6",
    "5, 6",
    "-5, 14",
    "1e9, 7",
    "-1e9, 15",
    "Infinity, 7",
    "-Infinity, 15",
    "NaN, 0",
    "-0.0, 8",
    "-0.25, 8",
    "0.25000003, 1",
    "5.0000005, 7"
  })
  void e2m1(float value, int code) {
    assertThat(E2m1.encode(value)).isEqualTo((byte) code);
    assertThat(FloatFormat.E2M1.encode(value, SAT)).isEqualTo(code);
    assertThat(FloatFormat.E2M1.encode(value, NONSAT)).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource({
    "1.00390625, 3f80, 3f80", "1.01171875, 3f82, 3f82", "0.1, 3dcd, 3dcd", "1e-40, 0001, 0001",
        "3.4e38, 7f80, 7f7f",
    "-3.4e38, ff80, ff7f", "0x1.fep127, 7f7f, 7f7f", "Infinity, 7f80, 7f7f",
        "-Infinity, ff80, ff7f", "NaN, 7fc0, 7fc0",
    "-0.0, 8000, 8000", "0x1p-134, 0000, 0000", "0x1.8p-133, 0002, 0002"
  })
  void bf16(String text, String code, String saturated) {
    float value = Float.parseFloat(text);
    assertThat(Bf16.fromFloat(value)).isEqualTo((short) Integer.parseInt(code, 16));
    assertThat(FloatFormat.BF16.encode(value, NONSAT)).isEqualTo(Integer.parseInt(code, 16));
    assertThat(Bf16.fromFloat(value, SAT)).isEqualTo((short) Integer.parseInt(saturated, 16));
    assertThat(FloatFormat.BF16.encode(value, SAT)).isEqualTo(Integer.parseInt(saturated, 16));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 3c00, 3c00", "65504, 7bff, 7bff", "65519.996, 7bff, 7bff", "65520, 7c00, 7bff",
        "-65520, fc00, fbff",
    "Infinity, 7c00, 7bff", "NaN, 7e00, 7e00", "0x1p-24, 0001, 0001", "0x1p-25, 0000, 0000",
        "0x1.8p-24, 0002, 0002",
    "0x1.002p0, 3c00, 3c00", "0x1.006p0, 3c02, 3c02"
  })
  void f16(String text, String code, String saturated) {
    float value = Float.parseFloat(text);
    assertThat(F16.fromFloat(value)).isEqualTo((short) Integer.parseInt(code, 16));
    assertThat(FloatFormat.F16.encode(value, NONSAT)).isEqualTo(Integer.parseInt(code, 16));
    assertThat(F16.fromFloat(value, SAT)).isEqualTo((short) Integer.parseInt(saturated, 16));
    assertThat(FloatFormat.F16.encode(value, SAT)).isEqualTo(Integer.parseInt(saturated, 16));
  }

  private static void assertEncodes(float value, DType type, String nonsat, String sat) {
    assertThat(type.format().encode(value, NONSAT))
        .as("%s NONSAT", type)
        .isEqualTo(Integer.parseInt(nonsat, 16));
    assertThat(type.format().encode(value, SAT))
        .as("%s SAT", type)
        .isEqualTo(Integer.parseInt(sat, 16));
    assertThat(Fp8.encode(value, type, NONSAT)).isEqualTo((byte) Integer.parseInt(nonsat, 16));
    assertThat(Fp8.encode(value, type, SAT)).isEqualTo((byte) Integer.parseInt(sat, 16));
  }
}

package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Every code of every format against the formula in decimal arithmetic. */
class FloatFormatDecodeTest {

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1"})
  void everyCodeHasTheValueOfTheFormula(DType type) {
    ExactFormat exact = ExactFormat.of(type);
    Mismatches mismatches = new Mismatches();
    for (int code = 0; code < exact.codes(); code++) {
      int shown = code;
      mismatches.check(
          type.format().decode(code), exact.decode(code), () -> type + " code " + shown);
    }
    mismatches.assertNoneOf(1L << type.bits());
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ"})
  void fp8TableAndLookupHaveTheValueOfTheFormula(DType type) {
    ExactFormat exact = ExactFormat.of(type);
    float[] table = Fp8.decodeTable(type);
    Mismatches mismatches = new Mismatches();
    for (int code = 0; code < exact.codes(); code++) {
      int shown = code;
      mismatches.check(table[code], exact.decode(code), () -> type + " table " + shown);
      mismatches.check(
          Fp8.toFloat((byte) code, type), exact.decode(code), () -> type + " " + shown);
    }
    mismatches.assertNoneOf(512);
    assertThat(table).hasSize(256);
  }

  @Test
  void fastSixteenBitCodecsHaveTheValueOfTheFormula() {
    ExactFormat bf16 = ExactFormat.of(DType.BF16);
    ExactFormat f16 = ExactFormat.of(DType.F16);
    Mismatches mismatches = new Mismatches();
    for (int code = 0; code < 1 << 16; code++) {
      int shown = code;
      mismatches.check(Bf16.toFloat((short) code), bf16.decode(code), () -> "BF16 " + shown);
      mismatches.check(F16.toFloat((short) code), f16.decode(code), () -> "F16 " + shown);
    }
    mismatches.assertNoneOf(2L << 16);
  }

  @Test
  void e2m1TableAndLookupHaveTheValueOfTheFormula() {
    ExactFormat exact = ExactFormat.of(DType.E2M1);
    float[] table = E2m1.decodeTable();
    assertThat(table).hasSize(16);
    Mismatches mismatches = new Mismatches();
    for (int code = 0; code < 16; code++) {
      int shown = code;
      mismatches.check(table[code], exact.decode(code), () -> "E2M1 table " + shown);
      mismatches.check(E2m1.toFloat(code), exact.decode(code), () -> "E2M1 " + shown);
      mismatches.check(
          E2m1.toFloat(code | 0xF0), exact.decode(code), () -> "E2M1 high bits " + shown);
    }
    mismatches.assertNoneOf(48);
  }

  @Test
  void f32HasTheValueOfItsBits() {
    SplittableRandom random = new SplittableRandom(0x5eed_0001L);
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < 100_000; i++) {
      // Every eighth code is drawn from the subnormals.
      int bits = i % 8 == 0 ? random.nextInt() & 0x807F_FFFF : random.nextInt();
      mismatches.check(
          FloatFormat.F32.decode(bits), (double) Float.intBitsToFloat(bits), () -> "F32 " + bits);
    }
    mismatches.assertNoneOf(100_000);
    assertThat(FloatFormat.F32.decode(0x8000_0000)).isEqualTo(Double.valueOf(-0.0));
    assertThat(FloatFormat.F32.decode(0xFF80_0000)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(FloatFormat.F32.decode(1)).isEqualTo(0x1p-149);
  }

  @ParameterizedTest
  @EnumSource(value = FloatFormat.class, names = "F32", mode = Mode.EXCLUDE)
  void bitsAboveTheCodeAreIgnored(FloatFormat format) {
    for (int code : new int[] {0, 1, format.oneCode(), format.maxFiniteCode()}) {
      int extended = code | -1 << format.bits();
      assertThat(format.decode(extended)).isEqualTo(format.decode(code));
    }
  }

  @Test
  void decodeTablesAreCopies() {
    Fp8.decodeTable(DType.E4M3FN)[0x38] = 5;
    E2m1.decodeTable()[2] = 5;
    assertThat(Fp8.toFloat((byte) 0x38, DType.E4M3FN)).isEqualTo(1f);
    assertThat(E2m1.toFloat(2)).isEqualTo(1f);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ"},
      mode = Mode.EXCLUDE)
  void fp8RefusesOtherTypes(DType type) {
    assertThat(Fp8.accepts(type)).isFalse();
    assertThatThrownBy(() -> Fp8.decodeTable(type))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(type.name());
    assertThatThrownBy(() -> Fp8.encode(1f, type, Saturation.SAT))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

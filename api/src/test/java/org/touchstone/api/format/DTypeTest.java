package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DTypeTest {

  @ParameterizedTest
  @CsvSource({
    "F32, 32, true, true, F32",
    "F16, 16, true, true, F16",
    "BF16, 16, true, true, BF16",
    "E4M3FN, 8, true, true, F8_E4M3",
    "E5M2, 8, true, true, F8_E5M2",
    "E4M3FNUZ, 8, true, true, F8_E4M3FNUZ",
    "E5M2FNUZ, 8, true, true, F8_E5M2FNUZ",
    "E2M1, 4, true, true, F4",
    "E8M0, 8, true, false, F8_E8M0",
    "I32, 32, false, true, I32",
    "I64, 64, false, true, I64",
    "U8, 8, false, false, U8",
    "I8, 8, false, true, I8",
    "BOOL, 8, false, false, BOOL",
  })
  void hasWidthKindAndName(DType type, int bits, boolean isFloat, boolean signed, String name) {
    assertThat(type.bits()).isEqualTo(bits);
    assertThat(type.isFloat()).isEqualTo(isFloat);
    assertThat(type.isSigned()).isEqualTo(signed);
    assertThat(type.safetensorsName()).isEqualTo(name);
    assertThat(DType.ofSafetensors(name)).contains(type);
    assertThat(type.bytesFor(3)).isEqualTo((3L * bits + 7) / 8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"F64", "I16", "f32", "F8_E4M3FN", "", "E4M3FN"})
  void ofSafetensorsIsEmptyForOtherNames(String name) {
    assertThat(DType.ofSafetensors(name)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void formatAnswersForFloatsOnly(DType type) {
    if (type.isFloat()) {
      assertThat(type.format().name()).isEqualTo(type.name());
      assertThat(type.format().bits()).isEqualTo(type.bits());
    } else {
      assertThatThrownBy(type::format)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(type.name());
    }
  }

  @Test
  void bytesForRoundsNibblesUpAndRefusesOverflow() {
    assertThat(DType.E2M1.bytesFor(0)).isZero();
    assertThat(DType.E2M1.bytesFor(1)).isEqualTo(1);
    assertThat(DType.E2M1.bytesFor(7)).isEqualTo(4);
    assertThat(DType.E2M1.bytesFor(Long.MAX_VALUE)).isEqualTo(1L << 62);
    assertThat(DType.U8.bytesFor(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
    assertThat(DType.I64.bytesFor(Long.MAX_VALUE / 8)).isEqualTo(Long.MAX_VALUE - 7);
    assertThatThrownBy(() -> DType.I64.bytesFor(Long.MAX_VALUE / 8 + 1))
        .isInstanceOf(ArithmeticException.class)
        .hasMessageContaining("I64");
    assertThatThrownBy(() -> DType.BF16.bytesFor(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-1");
  }
}

package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FnuzTest {

  @ParameterizedTest
  @CsvSource({"E4M3FN, E4M3FNUZ, 254", "E5M2, E5M2FNUZ, 248"})
  void finiteCodesMeanHalfTheirValueAndComeBack(DType fn, DType fnuz, int finiteCodes) {
    int seen = 0;
    for (int code = 0; code < 256; code++) {
      byte from = (byte) code;
      double value = ExactFormat.of(fn).decode(code);
      if (!Double.isFinite(value)) {
        assertThatThrownBy(() -> Fnuz.fromFn(from, fn))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("0x%02x".formatted(code));
        assertThatThrownBy(() -> Fnuz.toFn(from, fn))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("0x%02x".formatted(code));
        continue;
      }
      seen++;
      byte converted = Fnuz.fromFn(from, fn);
      float restored = Fp8.toFloat(converted, fnuz) * Fnuz.SCALE_FROM_FN;
      assertThat((double) restored).isEqualTo(value);
      if (code != 0x80) {
        assertThat(converted).isEqualTo(from);
        assertThat(Fnuz.toFn(converted, fn)).isEqualTo(from);
      }
    }
    assertThat(seen).isEqualTo(finiteCodes);
  }

  @Test
  void negativeZeroBecomesPositiveZeroAndNanBecomesNan() {
    assertThat(Fnuz.fromFn((byte) 0x80, DType.E4M3FN)).isZero();
    assertThat(Fnuz.fromFn((byte) 0x80, DType.E5M2)).isZero();
    assertThat(Fnuz.toFn((byte) 0x80, DType.E4M3FN)).isEqualTo((byte) 0x7F);
    assertThat(Fnuz.toFn((byte) 0x80, DType.E5M2)).isEqualTo((byte) 0x7E);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"E4M3FNUZ", "E5M2FNUZ", "BF16", "I8"})
  void refusesOtherTypes(DType type) {
    assertThatThrownBy(() -> Fnuz.fromFn((byte) 0, type))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Fnuz.toFn((byte) 0, type))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(type.name());
  }
}

package org.touchstone.api.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.touchstone.api.HalException;

class DimTest {
  @Test
  void computes_what_its_operations_say() {
    for (long n = 0; n < 300; n++) {
      assertThat(Dim.of("N").times(3).plus(5).extent(n)).isEqualTo(3 * n + 5);
      assertThat(Dim.of("N").plus(2).times(7).extent(n)).isEqualTo(7 * (n + 2));
      assertThat(Dim.of("N").times(3).ceilDiv(16).extent(n)).isEqualTo(Math.ceilDiv(3 * n, 16));
      assertThat(Dim.of("N").ceilDiv(16).plus(1).extent(n)).isEqualTo(Math.ceilDiv(n, 16) + 1);
      assertThat(Dim.of("N").plus(32).ceilDiv(16).extent(n)).isEqualTo(Math.ceilDiv(n + 32, 16));
      assertThat(Dim.of("N").ceilDiv(16).plus(8).ceilDiv(4).extent(n))
          .isEqualTo(Math.ceilDiv(Math.ceilDiv(n, 16) + 8, 4));
    }
    assertThat(Dim.of(33).ceilDiv(16).times(5).extent(0)).isEqualTo(15);
  }

  @Test
  void refuses_what_it_cannot_express() {
    assertThatExceptionOfType(HalException.class)
        .isThrownBy(() -> Dim.of("N").plus(5).ceilDiv(16))
        .withMessageContaining("N+5 in blocks of 16");
    assertThatExceptionOfType(HalException.class)
        .isThrownBy(() -> Dim.of("N").ceilDiv(16).times(2))
        .withMessageContaining("ceil(N/16) times 2");
  }
}

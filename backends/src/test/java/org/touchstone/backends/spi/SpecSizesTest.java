package org.touchstone.backends.spi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.touchstone.api.Numerics;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.api.op.MoePermuteSpec;

class SpecSizesTest {
  private static MlaPrefillSpec mla(long valueDim) {
    return new MlaPrefillSpec(
        DType.BF16,
        DType.BF16,
        DType.BF16,
        new MlaDims(4, 64, 32, 16, valueDim),
        1,
        AttentionMask.CAUSAL,
        Numerics.STANDARD);
  }

  @Test
  void sizesThatAnIntHoldsAreNotRefused() {
    assertThat(SpecSizes.beyondInt(new MoePermuteSpec(Integer.MAX_VALUE, 8))).isEmpty();
    assertThat(SpecSizes.beyondInt(mla(512))).isEmpty();
  }

  @Test
  void largerOnesAreRefusedWithTheirName() {
    assertThat(SpecSizes.beyondInt(new MoePermuteSpec(1L << 31, 8)))
        .hasValueSatisfying(
            plan -> {
              Plan.Refuses<?> refuses = (Plan.Refuses<?>) plan;
              assertThat(refuses.reason().code()).isEqualTo(ReasonCode.PARAMETER);
              assertThat(refuses.reason().detail()).contains("experts is 2147483648");
            });
  }

  @Test
  void recordsWithinASpecCount() {
    assertThat(SpecSizes.beyondInt(mla(1L << 40)))
        .hasValueSatisfying(
            plan ->
                assertThat(((Plan.Refuses<?>) plan).reason().detail())
                    .contains("valueDim is 1099511627776"));
  }
}

package org.touchstone.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.api.Failing.assertFails;

import org.junit.jupiter.api.Test;

class ShapeTest {
  @Test
  void counts_elements() {
    assertThat(Shape.of().elements()).as("a scalar").isOne();
    assertThat(Shape.of(0).elements()).isZero();
    assertThat(Shape.of(3, 7, 207).elements()).isEqualTo(4347);
    assertThat(Shape.of(1L << 31, (1L << 32) - 1).elements())
        .isEqualTo((1L << 31) * ((1L << 32) - 1));
    assertThat(Shape.of(Long.MAX_VALUE).elements()).isEqualTo(Long.MAX_VALUE);
    assertThat(Shape.of(Long.MAX_VALUE, 0, Long.MAX_VALUE).elements()).isZero();
  }

  @Test
  void refuses_negative_and_overflowing_extents() {
    assertFails(ErrorCode.NEGATIVE_SIZE, () -> Shape.of(3, -1))
        .hasMessageContaining("shape [3, -1] has a negative extent");
    assertFails(ErrorCode.NEGATIVE_SIZE, () -> Shape.of(0, Long.MIN_VALUE));
    assertFails(ErrorCode.SIZE_OVERFLOW, () -> Shape.of(1L << 32, 1L << 31));
    assertFails(ErrorCode.SIZE_OVERFLOW, () -> Shape.of(1L << 40, 1L << 40));
    assertFails(ErrorCode.SIZE_OVERFLOW, () -> Shape.of(Long.MAX_VALUE, 2));
    assertFails(ErrorCode.SIZE_OVERFLOW, () -> Shape.of(3037000500L, 3037000500L));
  }

  @Test
  void is_a_value() {
    long[] dims = {4, 128};
    Shape shape = Shape.of(dims);
    dims[0] = 9;
    shape.dims()[1] = 9;
    assertThat(shape).isEqualTo(Shape.of(4, 128)).hasSameHashCodeAs(Shape.of(4, 128));
    assertThat(shape).isNotEqualTo(Shape.of(128, 4)).isNotEqualTo(Shape.of(4, 128, 1));
    assertThat(shape).hasToString("[4, 128]");
    assertThat(shape.dim(-1)).isEqualTo(128);
    assertThat(shape.dim(0)).isEqualTo(4);
    assertThat(shape.rank()).isEqualTo(2);
  }

  @Test
  void strides_of_dense_tensors() {
    assertThat(Strides.contiguous(Shape.of(3, 7, 13))).isEqualTo(Strides.of(91, 13, 1));
    assertThat(Strides.contiguous(Shape.of())).isEqualTo(Strides.of());
    assertThat(Strides.contiguous(Shape.of(Long.MAX_VALUE, 0, 2)).rank()).isEqualTo(3);
    assertThat(Strides.of(5, 1).step(-2)).isEqualTo(5);
    assertThat(Strides.of(5, 1)).hasToString("[5, 1]").hasSameHashCodeAs(Strides.of(5, 1));
    assertFails(ErrorCode.STRIDES, () -> Strides.of(1, -1)).hasMessageContaining("negative step");
  }
}

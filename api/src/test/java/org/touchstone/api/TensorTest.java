package org.touchstone.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.api.Failing.assertFails;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.touchstone.api.format.DType;

class TensorTest {
  private static Buffer buffer(long bytes) {
    return Buffer.ofHost(Arena.ofAuto().allocate(bytes, 64));
  }

  private static Tensor strided(Buffer buffer, Shape shape, long... steps) {
    return Tensor.of(buffer, DType.F32, shape, Strides.of(steps), 0, Layout.PLAIN);
  }

  @Test
  void must_fit_into_its_buffer() {
    Tensor exact = Tensor.of(buffer(84), DType.F32, Shape.of(3, 7));
    assertThat(exact.storageBytes()).isEqualTo(84);
    assertFails(ErrorCode.OUT_OF_BOUNDS, () -> Tensor.of(buffer(83), DType.F32, Shape.of(3, 7)))
        .hasMessageContaining("F32[3, 7] needs 84 bytes from offset 0, the buffer has 83");
    assertFails(ErrorCode.OUT_OF_BOUNDS, () -> Tensor.of(buffer(84), DType.F32, Shape.of(21), 4));
    assertFails(ErrorCode.OUT_OF_BOUNDS, () -> Tensor.of(buffer(8), DType.F32, Shape.of(0), 12));
    assertThat(Tensor.of(buffer(8), DType.F32, Shape.of(0), 8).storageBytes()).isZero();
  }

  @Test
  void refuses_wrong_offsets_ranks_and_sizes() {
    assertFails(ErrorCode.NEGATIVE_SIZE, () -> Tensor.of(buffer(84), DType.F32, Shape.of(1), -4));
    assertFails(ErrorCode.MISALIGNED, () -> Tensor.of(buffer(84), DType.F32, Shape.of(1), 2));
    assertFails(ErrorCode.MISALIGNED, () -> Tensor.of(buffer(84), DType.I64, Shape.of(1), 4));
    assertThat(Tensor.of(buffer(84), DType.E4M3FN, Shape.of(1), 3).byteOffset()).isEqualTo(3);
    assertFails(ErrorCode.STRIDES, () -> strided(buffer(84), Shape.of(3, 7), 7))
        .hasMessageContaining("another rank");
    assertFails(
        ErrorCode.SIZE_OVERFLOW, () -> Tensor.of(buffer(8), DType.F32, Shape.of(Long.MAX_VALUE)));
    assertFails(
        ErrorCode.SIZE_OVERFLOW,
        () -> strided(buffer(8), Shape.of(3, 3), Long.MAX_VALUE, Long.MAX_VALUE));
    assertFails(
        ErrorCode.LAYOUT,
        () ->
            Tensor.of(
                buffer(8), DType.U8, Shape.of(1), Strides.of(1), 0, new Layout("some.packed")));
  }

  @Test
  void knows_its_density() {
    Buffer buffer = buffer(4096);
    assertThat(strided(buffer, Shape.of(3, 7), 7, 1).isDense()).isTrue();
    assertThat(strided(buffer, Shape.of(3, 7), 8, 1).isDense()).isFalse();
    assertThat(strided(buffer, Shape.of(1, 7), 99, 1).isDense()).isTrue();
    assertThat(strided(buffer, Shape.of(0, 7), 99, 5).isDense()).isTrue();
    assertThat(strided(buffer, Shape.of(3, 7), 8, 1).hasUnitInnerStride()).isTrue();
    assertThat(strided(buffer, Shape.of(3, 7), 20, 2).hasUnitInnerStride()).isFalse();
    assertThat(strided(buffer, Shape.of(3, 1), 20, 2).hasUnitInnerStride()).isTrue();
    assertThat(strided(buffer, Shape.of(3, 7), 1, 3).isInjective()).isTrue();
    assertThat(strided(buffer, Shape.of(3, 7), 6, 1).isInjective()).isFalse();
    assertThat(strided(buffer, Shape.of(3, 7), 0, 1).isInjective()).isFalse();
    assertThat(strided(buffer, Shape.of(0, 7), 0, 0).isInjective()).isTrue();
  }

  @Test
  void slices_and_reshapes() {
    Tensor tensor = Tensor.of(buffer(84), DType.F32, Shape.of(3, 7));
    Tensor columns = tensor.slice(1, 2, 5);
    assertThat(columns.shape()).isEqualTo(Shape.of(3, 3));
    assertThat(columns.byteOffset()).isEqualTo(8);
    assertThat(columns.storageBytes()).isEqualTo(4 * (2 * 7 + 3));
    assertThat(columns.slice(0, 1, 3).byteOffset()).isEqualTo(36);
    assertThat(tensor.slice(-1, 2, 5).sameView(columns)).isTrue();
    assertThat(columns.slice(0, 3, 3).shape()).as("empty, at the end").isEqualTo(Shape.of(0, 3));
    assertFails(ErrorCode.OUT_OF_BOUNDS, () -> tensor.slice(0, -1, 2));
    assertFails(ErrorCode.OUT_OF_BOUNDS, () -> tensor.slice(0, 2, 1));
    assertFails(ErrorCode.OUT_OF_BOUNDS, () -> tensor.slice(0, 0, 4));
    assertThat(tensor.reshape(7, 3).shape()).isEqualTo(Shape.of(7, 3));
    assertFails(ErrorCode.SHAPE, () -> tensor.reshape(4, 5));
    assertFails(ErrorCode.SHAPE, () -> columns.reshape(9));
    Tensor packed =
        Tensor.packed(buffer(84), DType.F32, Shape.of(3, 7), 0, new Layout("some.packed"), 84);
    assertFails(ErrorCode.LAYOUT, () -> packed.slice(0, 0, 1));
    assertFails(ErrorCode.LAYOUT, () -> packed.reshape(21));
    assertThat(packed).hasToString("F32[3, 7] some.packed");
    assertThat(columns).hasToString("F32[3, 3] strides [7, 1]");
  }

  @Test
  void starts_rows_of_nibbles_at_bytes() {
    Tensor odd = Tensor.of(buffer(12), DType.E2M1, Shape.of(4, 5));
    assertThat(odd.strides()).isEqualTo(Strides.of(6, 1));
    assertThat(odd.storageBytes()).isEqualTo(12);
    assertThat(odd.isDense()).isTrue();
    assertThat(odd.slice(0, 1, 3).byteOffset()).isEqualTo(3);
    assertFails(ErrorCode.MISALIGNED, () -> odd.slice(1, 1, 3));
    assertThat(odd.slice(1, 2, 4).byteOffset()).isOne();
    assertFails(
        ErrorCode.STRIDES,
        () -> Tensor.of(buffer(12), DType.E2M1, Shape.of(4, 5), Strides.of(5, 1), 0, Layout.PLAIN));
  }

  @Test
  void compares_bytes_of_one_buffer() {
    Buffer buffer = buffer(100);
    Tensor first = Tensor.of(buffer, DType.F32, Shape.of(10));
    assertThat(first.overlaps(Tensor.of(buffer, DType.F32, Shape.of(10), 36))).isTrue();
    assertThat(first.overlaps(Tensor.of(buffer, DType.F32, Shape.of(10), 40))).isFalse();
    assertThat(first.overlaps(Tensor.of(buffer, DType.F32, Shape.of(0), 8))).isFalse();
    assertThat(first.overlaps(Tensor.of(buffer(100), DType.F32, Shape.of(10)))).isFalse();
    assertThat(first.sameView(Tensor.of(buffer, DType.F32, Shape.of(10)))).isTrue();
    assertThat(first.sameView(Tensor.of(buffer, DType.I32, Shape.of(10)))).isFalse();
  }

  @Test
  void host_buffers_end_with_their_arena() {
    Arena arena = Arena.ofShared();
    Buffer buffer = Buffer.ofHost(arena.allocate(40));
    assertThat(buffer.device()).isEmpty();
    assertThat(buffer.host().byteSize()).isEqualTo(40);
    arena.close();
    assertThat(buffer.isClosed()).isTrue();
    assertFails(ErrorCode.CLOSED, buffer::host);
    Buffer closed = buffer(8);
    closed.close();
    closed.close();
    assertFails(ErrorCode.CLOSED, closed::host);
  }
}

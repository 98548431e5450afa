package org.touchstone.api.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.touchstone.api.Failing.assertFails;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.touchstone.api.Buffer;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;

class SignatureTest {
  private static Tensor tensor(DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    long bytes = Math.max(1, Tensor.denseBytes(dtype, shape));
    return Tensor.of(Buffer.ofHost(Arena.ofAuto().allocate(bytes, 64)), dtype, shape);
  }

  private static Tensor f32(long... dims) {
    return tensor(DType.F32, dims);
  }

  private static Signature add() {
    return AddSpec.of(DType.F32).signature();
  }

  private static Signature gemm(GemmOperands operands) {
    return GemmSpec.of(operands, 200, 300, DType.F32).signature();
  }

  @Test
  void gives_the_launchs_extents() {
    assertThat(add().check(new AddArgs(f32(3, 7), f32(3, 7), f32(3, 7))).of("X")).isEqualTo(21);
    Extents extents =
        gemm(GemmOperands.BF16)
            .check(
                GemmArgs.of(
                    tensor(DType.BF16, 13, 300), tensor(DType.BF16, 200, 300), f32(13, 200)));
    assertThat(extents.values()).isEqualTo(Map.of("M", 13L));
    assertThat(extents.of("absent")).isZero();
    assertThat(add().check(new AddArgs(f32(0, 7), f32(0, 7), f32(0, 7))).of("X")).isZero();
  }

  @Test
  void divides_extents_into_blocks() {
    Tensor a = tensor(DType.E4M3FN, 13, 300);
    Tensor b = tensor(DType.E4M3FN, 200, 300);
    Signature signature = gemm(GemmOperands.FP8_BLOCK);
    assertThat(signature.check(GemmArgs.scaled(a, f32(13, 3), b, f32(2, 3), f32(13, 200))).of("M"))
        .isEqualTo(13);
    assertFails(
            ErrorCode.SHAPE,
            () -> signature.check(GemmArgs.scaled(a, f32(13, 2), b, f32(2, 3), f32(13, 200))))
        .hasMessageContaining("scaleA has shape [13, 2]");
    assertFails(
            ErrorCode.SHAPE,
            () -> signature.check(GemmArgs.scaled(a, f32(13, 3), b, f32(2, 3), f32(12, 200))))
        .hasMessageContaining("c has shape [12, 200]")
        .hasMessageContaining("with M = 13 from a");
  }

  @Test
  void lists_every_mistake_and_takes_the_code_of_the_first() {
    assertFails(
            ErrorCode.DTYPE,
            () -> add().check(new AddArgs(tensor(DType.I32, 3), tensor(DType.BF16, 4), f32(3))))
        .hasMessage(
            "add: a has dtype I32, expected F32; b has dtype BF16, expected F32; b has shape [4],"
                + " expected [3] like a [DTYPE]; correct the arguments; nothing was submitted")
        .isInstanceOfSatisfying(HalException.class, e -> assertThat(e.operator()).contains("add"));
  }

  @Test
  void wants_exactly_the_tensors_of_the_spec() {
    Tensor a = tensor(DType.BF16, 13, 300);
    Tensor b = tensor(DType.BF16, 200, 300);
    assertFails(
            ErrorCode.MISSING_TENSOR,
            () ->
                gemm(GemmOperands.BF16).check(new GemmArgs(a, b, null, f32(1), null, f32(13, 200))))
        .hasMessageContaining("scaleB must be null: the spec switches it off");
    assertFails(
            ErrorCode.MISSING_TENSOR,
            () ->
                gemm(GemmOperands.FP8_TENSOR)
                    .check(
                        GemmArgs.of(
                            tensor(DType.E4M3FN, 13, 300),
                            tensor(DType.E4M3FN, 200, 300),
                            f32(13, 200))))
        .hasMessageContaining("scaleA is required, got null; scaleB is required, got null");
  }

  @Test
  void takes_rows_of_larger_tensors_but_no_other_strides() {
    Tensor rows = f32(13, 400).slice(1, 8, 208);
    Tensor a = tensor(DType.BF16, 13, 300);
    Tensor b = tensor(DType.BF16, 200, 300);
    assertThat(gemm(GemmOperands.BF16).check(GemmArgs.of(a, b, rows)).of("M")).isEqualTo(13);
    Tensor gaps = tensor(DType.BF16, 200, 400).slice(1, 0, 300);
    assertFails(ErrorCode.STRIDES, () -> gemm(GemmOperands.BF16).check(GemmArgs.of(a, gaps, rows)))
        .hasMessageContaining("b must be dense");
    Tensor repeated =
        Tensor.of(
            f32(13, 200).buffer(), DType.F32, Shape.of(13, 200), Strides.of(0, 1), 0, Layout.PLAIN);
    assertFails(ErrorCode.OVERLAP, () -> gemm(GemmOperands.BF16).check(GemmArgs.of(a, b, repeated)))
        .hasMessageContaining("its strides let elements share memory");
  }

  @Test
  void lets_an_output_be_an_input_only_where_it_says_so() {
    Tensor a = f32(3, 7);
    Tensor b = f32(3, 7);
    assertThat(add().check(new AddArgs(a, b, a)).of("X")).isEqualTo(21);
    assertFails(ErrorCode.OVERLAP, () -> add().check(new AddArgs(a, b, b)))
        .hasMessageContaining("y is written and shares bytes with b; use separate memory");
    Tensor mixed = f32(3, 7);
    Signature cast = CastSpec.of(DType.F32, DType.F32).signature();
    assertFails(ErrorCode.OVERLAP, () -> cast.check(new CastArgs(mixed, mixed)));
    Buffer shared = Buffer.ofHost(Arena.ofAuto().allocate(200, 64));
    Tensor left = Tensor.of(shared, DType.F32, Shape.of(10));
    Tensor shifted = Tensor.of(shared, DType.F32, Shape.of(10), 4);
    assertFails(ErrorCode.OVERLAP, () -> add().check(new AddArgs(left, f32(10), shifted)));
  }

  @Test
  void refuses_ranks_and_layouts() {
    Tensor b = tensor(DType.BF16, 200, 300);
    assertFails(
            ErrorCode.SHAPE,
            () ->
                gemm(GemmOperands.BF16)
                    .check(GemmArgs.of(tensor(DType.BF16, 3900), b, f32(13, 200))))
        .hasMessageContaining("a has shape [3900], expected [M, 300]");
    Tensor packed = Tensor.packed(b.buffer(), DType.BF16, b.shape(), 0, new Layout("x.y"), 120_000);
    Tensor a = tensor(DType.BF16, 13, 300);
    assertFails(
            ErrorCode.LAYOUT,
            () -> gemm(GemmOperands.BF16).check(GemmArgs.of(a, packed, f32(13, 200))))
        .hasMessageContaining("b has layout x.y, expected plain");
    Signature wants =
        GemmSpec.of(GemmOperands.BF16, 200, 300, DType.F32)
            .withWeightLayout(new Layout("x.y"))
            .signature();
    assertThat(wants.check(GemmArgs.of(a, packed, f32(13, 200))).of("M")).isEqualTo(13);
  }

  @Test
  void a_mistake_in_the_tensor_that_tells_an_extent_stays_that_mistake() {
    Signature blocks =
        new DequantizeSpec(DType.E4M3FN, 512, 128, 128, DType.F32, DType.BF16).signature();
    Tensor scale = f32(3, 4);
    Tensor result = tensor(DType.BF16, 300, 512);
    assertFails(
        ErrorCode.SHAPE,
        () -> blocks.check(new DequantizeArgs(tensor(DType.E4M3FN, 153_600), scale, result)));
    assertFails(
        ErrorCode.SHAPE,
        () -> blocks.check(new DequantizeArgs(tensor(DType.E4M3FN, 300, 512), f32(2, 4), result)));
  }

  @Test
  void multiplies_and_offsets_extents() {
    MoeAlignBlockSizeSpec spec = new MoeAlignBlockSizeSpec(4, 2, 16);
    Tensor indices = tensor(DType.I32, 3, 2);
    Tensor count = tensor(DType.I32, 1);
    Extents extents =
        spec.signature()
            .check(
                new MoeAlignBlockSizeArgs(
                    indices, tensor(DType.I32, 66), tensor(DType.I32, 5), count));
    assertThat(extents.of("T")).isEqualTo(3);
    assertThat(extents.of("blocks")).isEqualTo(5);
    assertFails(
            ErrorCode.SHAPE,
            () ->
                spec.signature()
                    .check(
                        new MoeAlignBlockSizeArgs(
                            indices, tensor(DType.I32, 67), tensor(DType.I32, 5), count)))
        .hasMessageContaining("sortedSlots has shape [67], expected [2*T+60]");
  }

  @Test
  void every_spec_type_belongs_to_one_list_of_operators() {
    assertThat(Arrays.stream(Op.values()).<Class<?>>map(Op::specType).distinct())
        .containsExactlyInAnyOrder(OpSpec.class.getPermittedSubclasses());
    for (Op op : Op.values()) {
      assertThat(Op.select(op.opName())).contains(op);
      assertThat(Op.select(op.family())).contains(op);
      assertThat(op.summary()).isNotBlank();
    }
    assertThat(Op.select("gemm")).hasSize(6).contains(Op.GEMM_GROUPED);
    assertThat(Op.select("nothing")).isEmpty();
  }

  @Test
  void arguments_know_their_slots() {
    Tensor a = f32(1);
    GemmArgs args = new GemmArgs(a, a, null, null, null, a);
    assertThat(args.names()).containsExactly("a", "b", "scaleA", "scaleB", "bias", "c");
    assertThat(args.tensors()).hasSize(6).containsSubsequence(a, a, null, null, null, a);
    assertThat(args.tensor("bias")).isNull();
    assertThat(args.tensor("c")).isSameAs(a);
    assertThat(Args.of(GemmArgs.class, args.tensors())).isEqualTo(args);
    assertThatThrownBy(() -> args.tensor("d"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("GemmArgs has no slot 'd'");
    assertThatThrownBy(() -> Args.of(GemmArgs.class, List.of(a)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("got 1");
  }

  @Test
  void signatures_are_consistent_in_themselves() {
    Signature.Builder twice = Signature.of(Op.ADD).in("a", DType.F32).in("a", DType.F32);
    assertFails(ErrorCode.INTERNAL, twice::build).hasMessageContaining("two slots named a");
    Signature.Builder unknown = Signature.of(Op.ADD).out("y", DType.F32).mayBe("x");
    assertFails(ErrorCode.INTERNAL, unknown::build).hasMessageContaining("unknown slot x");
    Signature other = Signature.of(Op.ADD).in("z", DType.F32).build();
    assertFails(ErrorCode.INTERNAL, () -> other.check(new AddArgs(f32(), f32(), f32())))
        .hasMessageContaining("slots [z] differ from arguments [a, b, y]");
  }

  @Test
  void reports_sizes_that_do_not_fit() {
    Tensor indices = tensor(DType.I32, Long.MAX_VALUE, 0);
    Signature signature =
        Signature.of(Op.ADD)
            .in("a", DType.I32, Dim.of("T"), Dim.of(0))
            .in("b", DType.I32, Dim.of(0), Dim.of("T").times(4))
            .out("y", DType.I32, Dim.of(0))
            .build();
    assertFails(
        ErrorCode.SIZE_OVERFLOW,
        () -> signature.check(new AddArgs(indices, tensor(DType.I32, 0, 4), tensor(DType.I32, 0))));
  }
}

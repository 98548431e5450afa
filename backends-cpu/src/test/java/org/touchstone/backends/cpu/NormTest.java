package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.FusedAddRmsNormArgs;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** {@code rms_norm} and {@code fused_add_rms_norm} on both CPU devices. */
class NormTest {
  private static final long SEED = 20_251_101;
  private static final CpuRun SIMD = CpuRun.simd(2);

  private final TestTensors tensors = new TestTensors(SEED);

  @AfterEach
  void free() {
    tensors.close();
  }

  static Stream<CpuRun> devices() {
    return Stream.of(SIMD, CpuRun.reference());
  }

  @ParameterizedTest
  @MethodSource("devices")
  void goldenVectors(CpuRun device) {
    assertThat(golden(device, RmsNormVariant.FP32_MUL))
        .containsExactly(
            new double[] {.18257417, -.73029669, 1.64316756, -2.92118678}, offset(3e-7));
    assertThat(golden(device, RmsNormVariant.ONE_PLUS_W))
        .containsExactly(
            new double[] {.54772252, -1.46059339, 2.7386126, -4.38178017}, offset(3e-7));
  }

  private double[] golden(CpuRun device, RmsNormVariant variant) {
    RmsNormSpec spec = new RmsNormSpec(variant, 4, 1e-6f, DType.F32, DType.F32, DType.F32);
    Tensor y = tensors.empty(DType.F32, 1, 4);
    device.launch(
        spec,
        new RmsNormArgs(
            tensors.of(DType.F32, new double[] {1, -2, 3, -4}, 1, 4),
            tensors.of(DType.F32, new double[] {.5, 1, 1.5, 2}, 4),
            null,
            y));
    return HostTensors.doubles(y);
  }

  @ParameterizedTest
  @EnumSource(RmsNormVariant.class)
  void everyVariantRoundsWhereItsFormulaSays(RmsNormVariant variant) {
    int hidden = 257;
    for (DType output : new DType[] {DType.F32, DType.BF16}) {
      RmsNormSpec spec = new RmsNormSpec(variant, hidden, 1e-5f, DType.BF16, DType.F32, output);
      Tensor y = tensors.empty(output, 5, hidden);
      RmsNormArgs args =
          new RmsNormArgs(
              tensors.normal(DType.BF16, 5, hidden),
              variant.weighted() ? tensors.normal(DType.F32, hidden) : null,
              variant.gated() ? tensors.normal(DType.BF16, 5, hidden) : null,
              y);
      assertThat(SIMD.violations(spec, args, Regime.RANDOM)).as("seed %d", SEED).isEmpty();
      assertThat(HostTensors.doubles(y)).doesNotContain(0);
    }
  }

  @Test
  void roundingBeforeTheWeightAndBehindItDiffer() {
    int hidden = 128;
    Tensor x = tensors.normal(DType.BF16, 16, hidden);
    Tensor w = tensors.normal(DType.BF16, hidden);
    Tensor first = tensors.empty(DType.BF16, 16, hidden);
    Tensor last = tensors.empty(DType.BF16, 16, hidden);
    SIMD.launch(bf16(RmsNormVariant.CAST_THEN_MUL, hidden), new RmsNormArgs(x, w, null, first));
    SIMD.launch(bf16(RmsNormVariant.FP32_MUL, hidden), new RmsNormArgs(x, w, null, last));
    assertThat(HostTensors.codes(first)).isNotEqualTo(HostTensors.codes(last));
  }

  private static RmsNormSpec bf16(RmsNormVariant variant, int hidden) {
    return new RmsNormSpec(variant, hidden, 1e-6f, DType.BF16, DType.BF16, DType.BF16);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 8, 31, 32, 33, 64, 127, 192, 2047, 2048, 2049, 4099, 7168})
  void everyRowLengthStaysWithinItsBound(int hidden) {
    RmsNormSpec spec =
        new RmsNormSpec(RmsNormVariant.GATED, hidden, 1e-6f, DType.F32, DType.BF16, DType.F32);
    RmsNormArgs args =
        new RmsNormArgs(
            tensors.normal(DType.F32, 3, hidden),
            tensors.normal(DType.BF16, hidden),
            tensors.normal(DType.F32, 3, hidden),
            tensors.empty(DType.F32, 3, hidden));
    assertThat(SIMD.violations(spec, args, Regime.RANDOM)).as("seed %d", SEED).isEmpty();
    FusedAddRmsNormSpec fused =
        new FusedAddRmsNormSpec(
            RmsNormVariant.CAST_THEN_MUL, hidden, 1e-6f, DType.BF16, DType.BF16, DType.BF16);
    FusedAddRmsNormArgs sum =
        new FusedAddRmsNormArgs(
            tensors.normal(DType.BF16, 3, hidden),
            tensors.normal(DType.BF16, 3, hidden),
            tensors.normal(DType.BF16, hidden),
            tensors.empty(DType.BF16, 3, hidden),
            tensors.empty(DType.BF16, 3, hidden));
    assertThat(SIMD.violations(fused, sum, Regime.RANDOM)).as("seed %d", SEED).isEmpty();
  }

  @Test
  void stridedRowsAndInPlaceOutputsGiveTheBitsOfDenseOnes() {
    for (int hidden : new int[] {67, 2100}) {
      RmsNormSpec spec = bf16(RmsNormVariant.FP32_MUL, hidden);
      Tensor x = tensors.normal(DType.BF16, 4, hidden);
      Tensor w = tensors.normal(DType.BF16, hidden);
      Tensor y = tensors.empty(DType.BF16, 4, hidden);
      SIMD.launch(spec, new RmsNormArgs(x, w, null, y));
      Tensor spreadY = tensors.spread(y);
      SIMD.launch(spec, new RmsNormArgs(tensors.spread(x), tensors.spread(w), null, spreadY));
      assertThat(HostTensors.codes(spreadY)).isEqualTo(HostTensors.codes(y));
      SIMD.launch(spec, new RmsNormArgs(x, w, null, x));
      assertThat(HostTensors.codes(x)).isEqualTo(HostTensors.codes(y));
    }
  }

  @Test
  void aFusedSumInPlaceGivesTheBitsOfSeparateTensors() {
    int hidden = 2500;
    FusedAddRmsNormSpec spec =
        new FusedAddRmsNormSpec(
            RmsNormVariant.ONE_PLUS_W, hidden, 1e-6f, DType.BF16, DType.BF16, DType.BF16);
    Tensor x = tensors.normal(DType.BF16, 3, hidden);
    Tensor residual = tensors.normal(DType.BF16, 3, hidden);
    Tensor w = tensors.normal(DType.BF16, hidden);
    Tensor sum = tensors.empty(DType.BF16, 3, hidden);
    Tensor y = tensors.empty(DType.BF16, 3, hidden);
    SIMD.launch(spec, new FusedAddRmsNormArgs(x, residual, w, sum, y));
    FusedAddRmsNormArgs inPlace = new FusedAddRmsNormArgs(x, residual, w, residual, x);
    assertThat(SIMD.violations(spec, inPlace, Regime.RANDOM)).as("seed %d", SEED).isEmpty();
    assertThat(HostTensors.codes(residual)).isEqualTo(HostTensors.codes(sum));
    assertThat(HostTensors.codes(x)).isEqualTo(HostTensors.codes(y));
  }

  @Test
  void aRowDoesNotDependOnItsNeighboursOrOnThreads() {
    int hidden = 192;
    RmsNormSpec spec = bf16(RmsNormVariant.CAST_THEN_MUL, hidden);
    Tensor x = tensors.normal(DType.BF16, 1500, hidden);
    Tensor w = tensors.normal(DType.BF16, hidden);
    Tensor all = tensors.empty(DType.BF16, 1500, hidden);
    SIMD.launch(spec, new RmsNormArgs(x, w, null, all));
    Tensor one = tensors.empty(DType.BF16, 1500, hidden);
    CpuRun.simd(1).launch(spec, new RmsNormArgs(x, w, null, one));
    assertThat(HostTensors.codes(one)).isEqualTo(HostTensors.codes(all));
    Tensor alone = tensors.empty(DType.BF16, 1, hidden);
    SIMD.launch(spec, new RmsNormArgs(x.slice(0, 1234, 1235), w, null, alone));
    assertThat(HostTensors.codes(alone)).isEqualTo(HostTensors.codes(all.slice(0, 1234, 1235)));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void extremeRows(CpuRun device) {
    double inf = Double.POSITIVE_INFINITY;
    assertThat(plain(device, 0, 0, 0)).containsExactly(0, 0, 0);
    assertThat(plain(device, inf, 2, -3)).containsExactly(Double.NaN, 0, -0.0);
    assertThat(plain(device, 1, Double.NaN, 2)).containsOnly(Double.NaN);
    assertThat(plain(device, 1e-30, 0, -1e-30)[0]).isCloseTo(1e-27, offset(1e-33));
  }

  private double[] plain(CpuRun device, double... x) {
    RmsNormSpec spec =
        new RmsNormSpec(RmsNormVariant.NO_WEIGHT, x.length, 1e-6f, DType.F32, DType.F32, DType.F32);
    Tensor y = tensors.empty(DType.F32, 1, x.length);
    device.launch(spec, new RmsNormArgs(tensors.of(DType.F32, x, 1, x.length), null, null, y));
    return HostTensors.doubles(y);
  }

  @Test
  void squaresBeyondFp32MayNormaliseByInfinity() {
    RmsNormSpec spec =
        new RmsNormSpec(RmsNormVariant.NO_WEIGHT, 8, 1e-6f, DType.F32, DType.F32, DType.F32);
    double[] x = new double[8];
    Arrays.fill(x, 3e38f);
    RmsNormArgs args =
        new RmsNormArgs(tensors.of(DType.F32, x, 1, 8), null, null, tensors.empty(DType.F32, 1, 8));
    assertThat(SIMD.violations(spec, args, Regime.STRUCTURED)).isEmpty();
  }

  @Test
  void noRowsAreLegal() {
    RmsNormSpec spec = bf16(RmsNormVariant.FP32_MUL, 64);
    Tensor empty = tensors.empty(DType.BF16, 0, 64);
    RmsNormArgs args = new RmsNormArgs(empty, tensors.normal(DType.BF16, 64), null, empty);
    assertThat(SIMD.violations(spec, args, Regime.RANDOM)).isEmpty();
  }

  /** A change of eps by 1e-4 moves a row by 5e-6, which FP32 rounding does not explain. */
  @Test
  void theBoundNoticesAnEpsThatIsSlightlyOff() {
    RmsNormSpec spec =
        new RmsNormSpec(RmsNormVariant.FP32_MUL, 64, 1e-1f, DType.F32, DType.F32, DType.F32);
    RmsNormSpec wrong =
        new RmsNormSpec(RmsNormVariant.FP32_MUL, 64, 1.0001e-1f, DType.F32, DType.F32, DType.F32);
    RmsNormArgs args =
        new RmsNormArgs(
            tensors.normal(DType.F32, 2, 64),
            tensors.normal(DType.F32, 64),
            null,
            tensors.empty(DType.F32, 2, 64));
    assertThat(SIMD.violations(wrong, spec, args, Regime.RANDOM)).hasSizeGreaterThan(100);
  }
}

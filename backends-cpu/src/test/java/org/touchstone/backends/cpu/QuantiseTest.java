package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.E8m0Rounding;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.DequantizeArgs;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.api.op.QuantizeFp8BlockArgs;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.api.op.QuantizeFp8GroupArgs;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** {@code cast}, quantisation and {@code dequantize} on both CPU devices. */
class QuantiseTest {
  private static final long SEED = 20_251_117;
  private static final CpuRun SIMD = CpuRun.simd(2);

  private final TestTensors tensors = new TestTensors(SEED);

  @AfterEach
  void free() {
    tensors.close();
  }

  static Stream<CpuRun> devices() {
    return Stream.of(SIMD, CpuRun.reference());
  }

  private static QuantizeFp8GroupSpec group(long columns, ScaleMode mode, DType scale) {
    return new QuantizeFp8GroupSpec(
        DType.F32, columns, 128, mode, scale, QuantizeFp8GroupSpec.DEFAULT_AMAX_FLOOR);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void groupsQuantiseAsPublished(CpuRun device) {
    Tensor x = tensors.of(DType.F32, new double[] {0.1, -0.25, 3.0, 1e-5, 0, -1.7}, 1, 6);
    Tensor q = tensors.empty(DType.E4M3FN, 1, 6);
    Tensor scale = tensors.empty(DType.F32, 1, 1);
    device.launch(group(6, ScaleMode.FP32, DType.F32), new QuantizeFp8GroupArgs(x, q, scale));
    assertThat(HostTensors.codes(scale)).containsExactly(0x3BDB6DB7L);
    assertThat(HostTensors.codes(q)).containsExactly(0x57, 0xE1, 0x7E, 0x01, 0x00, 0xF8);
    device.launch(group(6, ScaleMode.UE8M0_CEIL, DType.F32), new QuantizeFp8GroupArgs(x, q, scale));
    assertThat(HostTensors.doubles(scale)).containsExactly(0x1p-7);
    assertThat(HostTensors.codes(q)).containsExactly(0x55, 0xE0, 0x7C, 0x01, 0x00, 0xF6);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void nonFiniteGroupsPoisonThemselvesOnly(CpuRun device) {
    double inf = Double.POSITIVE_INFINITY;
    double[] x = new double[3 * 128];
    java.util.Arrays.fill(x, 448);
    x[3] = Double.NaN;
    x[128 + 5] = -inf;
    Tensor input = tensors.of(DType.F32, x, 1, x.length);
    Tensor q = tensors.empty(DType.E4M3FN, 1, x.length);
    Tensor scale = tensors.empty(DType.F32, 1, 3);
    device.launch(
        group(x.length, ScaleMode.FP32, DType.F32), new QuantizeFp8GroupArgs(input, q, scale));
    assertThat(HostTensors.doubles(scale)).containsExactly(Double.NaN, inf, 1);
    long[] codes = HostTensors.codes(q);
    assertThat(codes[0]).isEqualTo(0x7F);
    assertThat(codes[128]).isZero();
    assertThat(codes[128 + 5]).isEqualTo(0x7F);
    assertThat(codes[2 * 128]).isEqualTo(0x7E);
    Tensor powers = tensors.empty(DType.E8M0, 1, 3);
    device.launch(
        group(x.length, ScaleMode.UE8M0_CEIL, DType.E8M0),
        new QuantizeFp8GroupArgs(input, q, powers));
    assertThat(HostTensors.codes(powers)).containsExactly(0xFF, 0xFF, 127);
    codes = HostTensors.codes(q);
    assertThat(codes[0]).isZero();
    assertThat(codes[128 + 5]).isZero();
  }

  @ParameterizedTest
  @MethodSource("devices")
  void quantisedTensorsStayWithinTheirBound(CpuRun device) {
    for (long columns : new long[] {1, 127, 128, 129, 576, 5000}) {
      for (DType scaleType : new DType[] {DType.F32, DType.E8M0}) {
        QuantizeFp8GroupSpec spec = group(columns, ScaleMode.UE8M0_CEIL, scaleType);
        Tensor x = tensors.normal(DType.F32, 3, columns);
        Tensor q = tensors.empty(DType.E4M3FN, 3, columns);
        Tensor scale = tensors.empty(scaleType, 3, Math.ceilDiv(columns, 128));
        assertThat(device.violations(spec, new QuantizeFp8GroupArgs(x, q, scale), Regime.RANDOM))
            .as("seed %d, %s", SEED, spec)
            .isEmpty();
      }
    }
    QuantizeFp8BlockSpec block = QuantizeFp8BlockSpec.of(DType.BF16, 130, 257);
    Tensor w = tensors.normal(DType.BF16, 130, 257);
    Tensor q = tensors.empty(DType.E4M3FN, 130, 257);
    Tensor scale = tensors.empty(DType.F32, 2, 3);
    assertThat(device.violations(block, new QuantizeFp8BlockArgs(w, q, scale), Regime.RANDOM))
        .as("seed %d, %s", SEED, block)
        .isEmpty();
    for (DType output : new DType[] {DType.F32, DType.BF16}) {
      DequantizeSpec back = new DequantizeSpec(DType.E4M3FN, 257, 128, 128, DType.F32, output);
      Tensor y = tensors.empty(output, 130, 257);
      assertThat(device.violations(back, new DequantizeArgs(q, scale, y), Regime.RANDOM))
          .as("seed %d, %s", SEED, back)
          .isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void productsRoundOnceIntoBf16(CpuRun device) {
    // 1.125 * (1 + 2^-8 - 2^-23): just below a tie of BF16, which FP32 would round onto it
    double s = (1.00390625 / 1.125) + 0x1p-24;
    float scale = (float) s;
    Tensor q = tensors.of(DType.E4M3FN, new double[] {1.125, -1.125}, 1, 2);
    Tensor scales = tensors.of(DType.F32, new double[] {scale}, 1, 1);
    Tensor y = tensors.empty(DType.BF16, 1, 2);
    DequantizeSpec spec = new DequantizeSpec(DType.E4M3FN, 2, 1, 128, DType.F32, DType.BF16);
    device.launch(spec, new DequantizeArgs(q, scales, y));
    long once = DType.BF16.format().encode(1.125 * scale, Saturation.NONSAT);
    assertThat(HostTensors.codes(y)).containsExactly(once, once | 0x8000);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16", "E4M3FN", "E5M2", "E4M3FNUZ", "E5M2FNUZ", "E2M1", "E8M0"})
  void everyNarrowCodeCastsIntoEveryType(DType from) {
    int codes = from.bits() > 8 ? 1 << 16 : 1 << from.bits();
    Tensor x = tensors.empty(from, codes);
    long[] all = new long[codes];
    for (int i = 0; i < codes; i++) {
      all[i] = from == DType.F32 ? (long) i << 16 : i;
    }
    HostTensors.writeCodes(x, all);
    for (DType to : DType.values()) {
      if (!to.isFloat()) {
        continue;
      }
      for (Saturation saturation : Saturation.values()) {
        CastSpec spec = new CastSpec(from, to, saturation, E8m0Rounding.UP);
        Tensor y = tensors.empty(to, codes);
        assertThat(SIMD.violations(spec, new CastArgs(x, y), Regime.RANDOM))
            .as("%s", spec)
            .isEmpty();
      }
    }
  }
}

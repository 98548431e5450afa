package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.Activation.GateLayout;
import org.touchstone.api.op.Activation.Kind;
import org.touchstone.api.op.GatedActArgs;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** {@code gated_act} on both CPU devices. */
class GatedActTest {
  private static final long SEED = 20_251_102;
  private static final CpuRun SIMD = CpuRun.simd(2);
  private static final float NO_LIMIT = Float.POSITIVE_INFINITY;

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
    double[] g = {1, 8, 12};
    double[] u = {1, -9, 12};
    assertThat(apply(device, Activation.SWIGLU, g, u))
        .containsExactly(new double[] {.7310586, -71.97585, 143.99912}, offset(1e-5));
    assertThat(apply(device, Activation.SWIGLU_CLAMPED, g, u))
        .containsExactly(new double[] {.7310586, -71.97585, 99.99546}, offset(1e-5));
    assertThat(apply(device, Activation.SWIGLU_OAI, g, u))
        .containsExactly(new double[] {1.6915915, -41.99972, 55.99963}, offset(1e-5));
    assertThat(apply(device, Activation.GEGLU_TANH, g, u)[0]).isEqualTo(.8411920, offset(1e-7));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void specialValues(CpuRun device) {
    double inf = Double.POSITIVE_INFINITY;
    double nan = Double.NaN;
    double[] g = {-inf, inf, nan, 1, -200, 0};
    double[] u = {3, 2, 1, nan, 1, -5};
    assertThat(apply(device, Activation.SWIGLU, g, u))
        .containsExactly(-0.0, inf, nan, nan, -0.0, -0.0);
    assertThat(apply(device, Activation.SWIGLU_CLAMPED, g, u)[1]).isCloseTo(20, offset(1e-2));
    assertThat(apply(device, Activation.SWIGLU_CLAMPED, g, u)[3]).isNaN();
    assertThat(apply(device, Activation.SWIGLU_OAI, g, u)[0]).isZero();
    assertThat(apply(device, Activation.SWIGLU_OAI, g, u)[2]).isNaN();
    assertThat(apply(device, Activation.GEGLU_TANH, g, u))
        .containsExactly(-0.0, inf, nan, nan, -0.0, -0.0);
  }

  private double[] apply(CpuRun device, Activation activation, double[] g, double[] u) {
    int width = g.length;
    double[] h = new double[2 * width];
    for (int i = 0; i < width; i++) {
      boolean interleaved = activation.layout() == GateLayout.INTERLEAVED;
      h[interleaved ? 2 * i : i] = g[i];
      h[interleaved ? 2 * i + 1 : width + i] = u[i];
    }
    GatedActSpec spec = new GatedActSpec(activation, width, DType.F32, DType.F32);
    Tensor a = tensors.empty(DType.F32, 1, width);
    device.launch(spec, new GatedActArgs(tensors.of(DType.F32, h, 1, 2L * width), a));
    return HostTensors.doubles(a);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 8, 9, 63, 64, 257, 1023, 1024, 1025, 2048, 2049, 4099})
  void everyKindAndLayoutStaysWithinItsBound(int width) {
    for (Kind kind : Kind.values()) {
      for (GateLayout layout : GateLayout.values()) {
        for (float limit : new float[] {NO_LIMIT, 1.5f}) {
          GatedActSpec spec =
              new GatedActSpec(new Activation(kind, limit, layout), width, DType.BF16, DType.F32);
          GatedActArgs args =
              new GatedActArgs(
                  tensors.wide(DType.BF16, 4, 2, 2L * width), tensors.empty(DType.F32, 2, width));
          assertThat(SIMD.violations(spec, args, Regime.RANDOM))
              .as("seed %d, %s", SEED, spec)
              .isEmpty();
        }
      }
    }
  }

  /** Gates from -110 to 110 pass through every regime of the exponential. */
  @Test
  void wideRangesStayWithinTheirBound() {
    int width = 4001;
    double[] h = new double[2 * width];
    for (int i = 0; i < width; i++) {
      h[i] = (i - 2000) * 0.055;
      h[width + i] = i % 3 == 0 ? 1e30 : i % 3 == 1 ? -1e-30 : 2.5;
    }
    for (Kind kind : Kind.values()) {
      for (DType output : new DType[] {DType.F32, DType.BF16}) {
        GatedActSpec spec =
            new GatedActSpec(
                new Activation(kind, NO_LIMIT, GateLayout.GATE_FIRST), width, DType.F32, output);
        GatedActArgs args =
            new GatedActArgs(
                tensors.of(DType.F32, h, 1, 2L * width), tensors.empty(output, 1, width));
        assertThat(SIMD.violations(spec, args, Regime.STRUCTURED)).as("%s", spec).isEmpty();
      }
    }
  }

  @Test
  void stridedRowsAndThreadsDoNotChangeBits() {
    GatedActSpec spec = new GatedActSpec(Activation.SWIGLU_OAI, 100, DType.BF16, DType.BF16);
    Tensor h = tensors.wide(DType.BF16, 3, 700, 200);
    Tensor a = tensors.empty(DType.BF16, 700, 100);
    SIMD.launch(spec, new GatedActArgs(h, a));
    Tensor spread = tensors.spread(a);
    CpuRun.simd(1).launch(spec, new GatedActArgs(tensors.spread(h), spread));
    assertThat(HostTensors.codes(spread)).isEqualTo(HostTensors.codes(a));
  }

  @Test
  void theBoundNoticesSwappedHalvesAndAMissingClamp() {
    GatedActSpec spec = new GatedActSpec(Activation.SWIGLU_CLAMPED, 50, DType.BF16, DType.BF16);
    GatedActSpec free = new GatedActSpec(Activation.SWIGLU, 50, DType.BF16, DType.BF16);
    GatedActSpec mixed = new GatedActSpec(Activation.SWIGLU_OAI, 50, DType.BF16, DType.BF16);
    GatedActArgs args =
        new GatedActArgs(tensors.wide(DType.BF16, 10, 4, 100), tensors.empty(DType.BF16, 4, 50));
    assertThat(SIMD.violations(free, spec, args, Regime.RANDOM)).isNotEmpty();
    assertThat(SIMD.violations(mixed, spec, args, Regime.RANDOM)).hasSizeGreaterThan(100);
  }

  @Test
  void noRowsAreLegal() {
    GatedActSpec spec = new GatedActSpec(Activation.SWIGLU, 64, DType.BF16, DType.BF16);
    GatedActArgs args =
        new GatedActArgs(tensors.empty(DType.BF16, 0, 128), tensors.empty(DType.BF16, 0, 64));
    assertThat(SIMD.violations(spec, args, Regime.RANDOM)).isEmpty();
  }
}

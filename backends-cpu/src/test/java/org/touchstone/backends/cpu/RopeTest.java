package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeApplySpec.Direction;
import org.touchstone.api.op.RopeApplySpec.Pairing;
import org.touchstone.api.op.RopeFreqsArgs;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.api.op.RopeScaling;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** {@code rope_freqs} and {@code rope_apply} on both CPU devices. */
class RopeTest {
  private static final long SEED = 20_251_103;
  private static final CpuRun SIMD = CpuRun.simd(2);
  private static final RopeScaling PLAIN = new RopeScaling.None();

  private final TestTensors tensors = new TestTensors(SEED);

  @AfterEach
  void free() {
    tensors.close();
  }

  static Stream<CpuRun> devices() {
    return Stream.of(SIMD, CpuRun.reference());
  }

  /** Cosines and sines of one launch. */
  private record Table(Tensor cos, Tensor sin) {}

  private Table table(CpuRun device, RopeFreqsSpec spec, long... positions) {
    int tokens = positions.length;
    Tensor cos = tensors.empty(DType.F32, tokens, spec.rotaryDim() / 2);
    Tensor sin = tensors.empty(DType.F32, tokens, spec.rotaryDim() / 2);
    Tensor ids = tensors.integers(DType.I32, positions, tokens);
    RopeFreqsArgs args = new RopeFreqsArgs(ids, cos, sin);
    assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
    return new Table(cos, sin);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void goldenVectors(CpuRun device) {
    Table table = table(device, new RopeFreqsSpec(4, 1e4, PLAIN), 3);
    assertThat(rotate(device, Pairing.NEOX, table))
        .containsExactly(
            new double[] {-1.41335252, 1.87911807, -2.82885748, 4.05819114}, offset(1e-6));
    assertThat(rotate(device, Pairing.GPTJ, table))
        .containsExactly(
            new double[] {-1.27223251, -1.83886499, 2.8786681, 4.08818664}, offset(1e-6));
  }

  private double[] rotate(CpuRun device, Pairing pairing, Table table) {
    Tensor y = tensors.empty(DType.F32, 1, 1, 4);
    device.launch(
        RopeApplySpec.of(DType.F32, 1, 4, 4, pairing),
        new RopeApplyArgs(
            tensors.of(DType.F32, new double[] {1, 2, 3, 4}, 1, 1, 4),
            table.cos(),
            table.sin(),
            y));
    return HostTensors.doubles(y);
  }

  @Test
  void anglesOfEveryPositionAreExactToTheRoundingOfTheResult() {
    RopeScaling yarn =
        new RopeScaling.Yarn(32, 4096, 32, 1, RopeScaling.Yarn.Correction.EXACT, 1.3465736);
    long[] positions = {0, 1, 7, 4095, 1_000_003, Integer.MAX_VALUE, -1, Integer.MIN_VALUE};
    for (RopeScaling scaling : new RopeScaling[] {PLAIN, new RopeScaling.Linear(8), yarn}) {
      table(SIMD, new RopeFreqsSpec(66, 150_000, scaling), positions);
    }
    // Cosine and sine of 2^31 - 1, computed with 60 digits.
    Table table = table(SIMD, new RopeFreqsSpec(4, 1e4, PLAIN), Integer.MAX_VALUE);
    assertThat(HostTensors.doubles(table.cos())[0]).isEqualTo(COS_LARGE, offset(6e-8));
    assertThat(HostTensors.doubles(table.sin())[0]).isEqualTo(SIN_LARGE, offset(6e-8));
  }

  private static final double COS_LARGE = -0.6888366918779438;
  private static final double SIN_LARGE = -0.7249165551445564;

  @ParameterizedTest
  @EnumSource(Pairing.class)
  void partialRotationsStayWithinTheirBoundAndCopyTheRest(Pairing pairing) {
    long[][] dims = {{2, 2, 0}, {64, 64, 0}, {130, 66, 64}, {67, 6, 3}, {9, 4, 5}, {512, 64, 448}};
    for (long[] d : dims) {
      for (Direction direction : Direction.values()) {
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
          RopeApplySpec spec = new RopeApplySpec(dtype, 3, d[0], d[1], d[2], pairing, direction);
          Table table = table(SIMD, new RopeFreqsSpec(d[1], 1e4, PLAIN), 0, 5, 77, 4099, 2);
          Tensor x = tensors.normal(dtype, 5, 3, d[0]);
          Tensor y = tensors.empty(dtype, 5, 3, d[0]);
          RopeApplyArgs args = new RopeApplyArgs(x, table.cos(), table.sin(), y);
          assertThat(SIMD.violations(spec, args, Regime.RANDOM))
              .as("seed %d, %s", SEED, spec)
              .isEmpty();
          assertThat(HostTensors.codes(y.slice(2, 0, d[2])))
              .isEqualTo(HostTensors.codes(x.slice(2, 0, d[2])));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Pairing.class)
  void rotaryDimsBeyondAStripStayWithinTheirBound(Pairing pairing) {
    RopeApplySpec spec = RopeApplySpec.of(DType.BF16, 2, 6002, 6000, pairing);
    Table table = table(SIMD, new RopeFreqsSpec(6000, 1e4, PLAIN), 12, 13);
    RopeApplyArgs args =
        new RopeApplyArgs(
            tensors.normal(DType.BF16, 2, 2, 6002),
            table.cos(),
            table.sin(),
            tensors.empty(DType.BF16, 2, 2, 6002));
    assertThat(SIMD.violations(spec, args, Regime.RANDOM)).as("seed %d", SEED).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Pairing.class)
  void stridesPlaceAndThreadsDoNotChangeBits(Pairing pairing) {
    RopeApplySpec spec = new RopeApplySpec(DType.BF16, 4, 70, 32, 20, pairing, Direction.FORWARD);
    long[] positions = new long[600];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = 3L * i;
    }
    Table table = table(SIMD, new RopeFreqsSpec(32, 1e4, PLAIN), positions);
    Tensor x = tensors.normal(DType.BF16, 600, 4, 70);
    Tensor y = tensors.empty(DType.BF16, 600, 4, 70);
    SIMD.launch(spec, new RopeApplyArgs(x, table.cos(), table.sin(), y));
    Tensor spread = tensors.spread(y);
    CpuRun.simd(1)
        .launch(
            spec,
            new RopeApplyArgs(
                tensors.spread(x),
                tensors.spread(table.cos()),
                tensors.spread(table.sin()),
                spread));
    assertThat(HostTensors.codes(spread)).isEqualTo(HostTensors.codes(y));
    SIMD.launch(spec, new RopeApplyArgs(x, table.cos(), table.sin(), x));
    assertThat(HostTensors.codes(x)).isEqualTo(HostTensors.codes(y));
  }

  @Test
  void theInverseUndoesARotation() {
    Table table = table(SIMD, new RopeFreqsSpec(64, 1e4, PLAIN), 1000);
    for (Pairing pairing : Pairing.values()) {
      Tensor x = tensors.normal(DType.F32, 1, 2, 64);
      Tensor y = tensors.empty(DType.F32, 1, 2, 64);
      SIMD.launch(
          RopeApplySpec.of(DType.F32, 2, 64, 64, pairing),
          new RopeApplyArgs(x, table.cos(), table.sin(), y));
      SIMD.launch(
          new RopeApplySpec(DType.F32, 2, 64, 64, 0, pairing, Direction.INVERSE),
          new RopeApplyArgs(y, table.cos(), table.sin(), y));
      assertThat(HostTensors.doubles(y)).containsExactly(HostTensors.doubles(x), offset(1e-6));
    }
  }

  @Test
  void theBoundNoticesTheOtherPairingAndTheOtherDirection() {
    Table table = table(SIMD, new RopeFreqsSpec(64, 1e4, PLAIN), 3, 4);
    RopeApplySpec spec = RopeApplySpec.of(DType.BF16, 2, 64, 64, Pairing.NEOX);
    RopeApplyArgs args =
        new RopeApplyArgs(
            tensors.normal(DType.BF16, 2, 2, 64),
            table.cos(),
            table.sin(),
            tensors.empty(DType.BF16, 2, 2, 64));
    for (RopeApplySpec wrong :
        new RopeApplySpec[] {
          RopeApplySpec.of(DType.BF16, 2, 64, 64, Pairing.GPTJ),
          new RopeApplySpec(DType.BF16, 2, 64, 64, 0, Pairing.NEOX, Direction.INVERSE)
        }) {
      assertThat(SIMD.violations(wrong, spec, args, Regime.RANDOM)).hasSizeGreaterThan(50);
    }
  }
}

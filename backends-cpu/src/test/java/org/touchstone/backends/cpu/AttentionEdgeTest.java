package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Numerics;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.AttentionPrefillArgs;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.AttentionPrefillSpec.Packing;
import org.touchstone.api.op.AttentionPrefillSpec.Sink;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** What the contract says about rows without keys, sinks, extreme logits, order and threads. */
class AttentionEdgeTest {
  private static final int HEADS = 2;
  private static final int DIM = 24;

  private static AttentionPrefillSpec spec(AttentionMask mask, float scale, Sink sink) {
    return new AttentionPrefillSpec(
        DType.F32,
        DType.F32,
        HEADS,
        1,
        DIM,
        DIM,
        scale,
        mask,
        0,
        sink,
        Packing.PADDED,
        Numerics.STRICT);
  }

  private static AttentionPrefillArgs args(
      AttentionData data, int queries, int keys, double deviation, double... sinks) {
    return new AttentionPrefillArgs(
        data.normal(DType.F32, deviation, 1, queries, HEADS, DIM),
        data.normal(DType.F32, deviation, 1, keys, 1, DIM),
        data.normal(DType.F32, 1, 1, keys, 1, DIM),
        null,
        null,
        sinks.length == 0 ? null : data.of(DType.F32, new long[] {HEADS}, sinks),
        data.normal(DType.F32, 1, 1, queries, HEADS, DIM),
        data.normal(DType.F32, 1, 1, queries, HEADS));
  }

  private static CpuRun device(String name) {
    return name.equals("simd") ? CpuRun.simd(2) : CpuRun.reference();
  }

  private static Tensor lse(AttentionPrefillArgs args) {
    return Objects.requireNonNull(args.lse());
  }

  @ParameterizedTest
  @CsvSource({"simd, NONE", "simd, PER_HEAD", "reference, NONE", "reference, PER_HEAD"})
  void queriesBeforeTheFirstKeyGiveZeroAndMinusInfinity(String name, Sink sink) {
    try (Arena arena = Arena.ofShared();
        CpuRun device = device(name)) {
      AttentionData data = new AttentionData(arena, 1);
      double[] sinks = sink == Sink.NONE ? new double[0] : new double[] {50, -50};
      AttentionPrefillArgs args = args(data, 5, 3, 1, sinks);
      device.launch(spec(AttentionMask.CAUSAL, 1, sink), args);
      double[] o = HostTensors.doubles(args.o());
      double[] lse = HostTensors.doubles(lse(args));
      assertThat(Arrays.copyOf(o, 2 * HEADS * DIM)).containsOnly(0);
      assertThat(Arrays.copyOf(lse, 2 * HEADS)).containsOnly(Double.NEGATIVE_INFINITY);
      assertThat(Arrays.copyOfRange(lse, 2 * HEADS, 5 * HEADS))
          .doesNotContain(Double.NEGATIVE_INFINITY, Double.NaN);
      assertThat(o[2 * HEADS * DIM + DIM]).isNotZero().isFinite();
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-200, -50, 0, 50, 200})
  void sinksFarFromTheScoresStayWithinTheBound(double sink) {
    try (Arena arena = Arena.ofShared();
        CpuRun simd = CpuRun.simd(2)) {
      AttentionData data = new AttentionData(arena, 2);
      AttentionPrefillArgs args = args(data, 9, 70, 1, sink, sink / 2);
      assertThat(
              simd.violations(
                  spec(AttentionMask.CAUSAL, .2f, Sink.PER_HEAD), args, Regime.STRUCTURED))
          .as("sink " + sink)
          .isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Regime.class)
  void logitsOfTenThousandStayWithinTheBound(Regime regime) {
    try (Arena arena = Arena.ofShared();
        CpuRun simd = CpuRun.simd(2)) {
      AttentionData data = new AttentionData(arena, 3);
      AttentionPrefillArgs args = args(data, 67, 131, 45);
      assertThat(simd.violations(spec(AttentionMask.CAUSAL, 1, Sink.NONE), args, regime))
          .as("1e4")
          .isEmpty();
    }
  }

  @Test
  void scoresThatRiseFromBlockToBlockStayWithinTheBound() {
    try (Arena arena = Arena.ofShared();
        CpuRun simd = CpuRun.simd(2)) {
      AttentionData data = new AttentionData(arena, 4);
      int keys = 700;
      AttentionPrefillArgs args = args(data, 3, keys, 1);
      double[] rising = new double[keys * DIM];
      for (int j = 0; j < keys; j++) {
        rising[j * DIM] = j * .05;
      }
      HostTensors.write(args.k(), rising, Saturation.NONSAT);
      double[] ones = new double[3 * HEADS * DIM];
      Arrays.fill(ones, 1);
      HostTensors.write(args.q(), ones, Saturation.NONSAT);
      for (float scale : new float[] {1, -1, 30}) {
        assertThat(
                simd.violations(
                    spec(AttentionMask.CAUSAL, scale, Sink.NONE), args, Regime.STRUCTURED))
            .as("rising by " + scale)
            .isEmpty();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"simd", "reference"})
  void keysOfMinusInfinityWeighNothing(String name) {
    try (Arena arena = Arena.ofShared();
        CpuRun device = device(name)) {
      AttentionData data = new AttentionData(arena, 5);
      int keys = 200;
      AttentionPrefillArgs args = args(data, 1, keys, 1);
      double[] k = new double[keys * DIM];
      for (int j = 0; j < keys; j++) {
        k[j * DIM] = j < 150 ? Double.NEGATIVE_INFINITY : 0;
      }
      double[] q = new double[HEADS * DIM];
      q[0] = 1;
      q[DIM] = 1;
      double[] v = new double[keys * DIM];
      Arrays.fill(v, 0, 150 * DIM, 1e30);
      Arrays.fill(v, 150 * DIM, v.length, 3);
      HostTensors.write(args.q(), q, Saturation.NONSAT);
      HostTensors.write(args.k(), k, Saturation.NONSAT);
      HostTensors.write(args.v(), v, Saturation.NONSAT);
      device.launch(spec(AttentionMask.CAUSAL, 1, Sink.NONE), args);
      assertThat(HostTensors.doubles(args.o())).containsOnly(3);
      assertThat(HostTensors.doubles(lse(args))).containsOnly((float) Math.log(50));
    }
  }

  @ParameterizedTest
  @CsvSource({"simd", "reference"})
  void maskedKeysMayHoldNan(String name) {
    try (Arena arena = Arena.ofShared();
        CpuRun device = device(name)) {
      AttentionData data = new AttentionData(arena, 6);
      int tokens = 70;
      AttentionPrefillArgs args = args(data, tokens, tokens, 1);
      for (Tensor poisoned : new Tensor[] {args.k(), args.v()}) {
        double[] values = HostTensors.doubles(poisoned);
        Arrays.fill(values, (tokens - 1) * DIM, tokens * DIM, Double.NaN);
        HostTensors.write(poisoned, values, Saturation.NONSAT);
      }
      device.launch(spec(AttentionMask.window(9), 1, Sink.NONE), args);
      double[] o = HostTensors.doubles(args.o());
      for (int i = 0; i < o.length; i++) {
        assertThat(Double.isNaN(o[i])).as("o[%s]", i).isEqualTo(i >= (tokens - 1) * HEADS * DIM);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 64, 256, 1024})
  void equalLogitsOverPowersOfTwoAverageExactly(int keys) {
    try (Arena arena = Arena.ofShared();
        CpuRun simd = CpuRun.simd(2)) {
      AttentionData data = new AttentionData(arena, 7);
      Tensor cache = data.empty(DType.BF16, keys / Math.min(keys, 16), Math.min(keys, 16), 1, DIM);
      double[] v = new double[keys * DIM];
      double[] sum = new double[DIM];
      for (int i = 0; i < v.length; i++) {
        v[i] = data.random.nextInt(17) - 8;
        sum[i % DIM] += v[i];
      }
      Tensor values = data.of(DType.BF16, new long[] {cache.dim(0), cache.dim(1), 1, DIM}, v);
      long[] table = new long[(int) cache.dim(0)];
      for (int p = 0; p < table.length; p++) {
        table[p] = p;
      }
      Tensor o = data.empty(DType.F32, 1, 1, 4, DIM);
      simd.launch(
          new AttentionDecodePagedSpec(
              DType.F32,
              DType.BF16,
              DType.F32,
              4,
              1,
              DIM,
              DIM,
              cache.dim(1),
              1,
              AttentionMask.CAUSAL,
              0,
              Sink.NONE,
              Numerics.STRICT),
          new AttentionDecodePagedArgs(
              data.normal(DType.F32, 1, 1, 1, 4, DIM),
              cache,
              values,
              data.integers(DType.I32, table).reshape(1, table.length),
              data.integers(DType.I32, keys),
              null,
              o,
              null));
      double[] actual = HostTensors.doubles(o);
      for (int i = 0; i < actual.length; i++) {
        assertThat(actual[i]).isEqualTo(sum[i % DIM] / keys);
      }
    }
  }
}

package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.Bf16;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.MoeCombineArgs;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.backends.cpu.CpuRun.Kind;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

class MoeCombineTest {
  private static final long SEED = 0x5EED_0301L;

  private static Tensor ints(Arena arena, Shape shape, long... values) {
    Tensor tensor = HostTensors.allocate(arena, DType.I32, shape.dims());
    HostTensors.writeCodes(tensor, values);
    return tensor;
  }

  @ParameterizedTest
  @EnumSource
  void rowsAreWeighedAndMissingOnesSkipped(Kind kind) {
    MoeCombineSpec spec = new MoeCombineSpec(2, 2, DType.BF16, DType.F32);
    try (Arena arena = Arena.ofShared();
        CpuRun device = kind.open()) {
      Tensor o = HostTensors.of(arena, DType.BF16, Shape.of(3, 2), 1, 2, Double.NaN, 4, 5, 6);
      Tensor weights = HostTensors.of(arena, DType.F32, Shape.of(3, 2), .5, 2, Double.NaN, 3, 7, 8);
      Tensor positions = ints(arena, Shape.of(3, 2), 2, 0, -1, 2, -1, -1);
      Tensor shared = HostTensors.of(arena, DType.BF16, Shape.of(3, 2), 10, 20, 0, 0, 1, -1);
      Tensor y = HostTensors.allocate(arena, DType.F32, 3, 2);
      MoeCombineArgs with = new MoeCombineArgs(o, weights, positions, shared, y);
      assertThat(device.violations(spec, with, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.doubles(y)).containsExactly(14.5, 27, 15, 18, 1, -1);
      MoeCombineArgs without = new MoeCombineArgs(o, weights, positions, null, y);
      assertThat(device.violations(spec, without, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.doubles(y)).containsExactly(4.5, 7, 15, 18, 0, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void infinityAndNanReachTheirOwnElementsOnly(Kind kind) {
    MoeCombineSpec spec = new MoeCombineSpec(3, 2, DType.F32, DType.BF16);
    double inf = Double.POSITIVE_INFINITY;
    try (Arena arena = Arena.ofShared();
        CpuRun device = kind.open()) {
      MoeCombineArgs args =
          new MoeCombineArgs(
              HostTensors.of(arena, DType.F32, Shape.of(2, 3), inf, 1, Double.NaN, -inf, 2, 3),
              HostTensors.of(arena, DType.F32, Shape.of(2, 2), 1, 1, 1, 0),
              ints(arena, Shape.of(2, 2), 0, 1, 0, -1),
              null,
              HostTensors.allocate(arena, DType.BF16, 2, 3));
      assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.doubles(args.y()))
          .containsExactly(Double.NaN, 3, Double.NaN, inf, 1, Double.NaN);
    }
  }

  /** Random launches of ugly sizes; the device's outputs are judged, then spoilt. */
  @Test
  void simdStaysWithinBoundsAndLowPrecisionDoesNot() {
    SplittableRandom random = new SplittableRandom(SEED);
    int[][] sizes = {{0, 8, 2}, {1, 1, 1}, {3, 192, 4}, {13, 1025, 2}, {5, 2047, 8}};
    for (int[] size : sizes) {
      for (DType input : List.of(DType.F32, DType.BF16)) {
        for (DType output : List.of(DType.F32, DType.BF16)) {
          MoeCombineSpec spec = new MoeCombineSpec(size[1], size[2], input, output);
          String what = "seed %x, T %d, %s".formatted(SEED, size[0], spec);
          try (Arena arena = Arena.ofShared();
              CpuRun device = CpuRun.simd()) {
            MoeCombineArgs args = random(arena, spec, size[0], random);
            for (Regime regime : Regime.values()) {
              assertThat(device.violations(spec, args, regime)).as(what).isEmpty();
            }
            if (size[0] > 1 && output == DType.F32) {
              HostTensors.write(args.y(), inBf16(args, size), Saturation.NONSAT);
              assertThat(device.judge(spec, args, Regime.STRUCTURED).size())
                  .as("%s, accumulated in BF16", what)
                  .isGreaterThan(size[0] * size[1] / 2);
            }
          }
        }
      }
    }
  }

  private static MoeCombineArgs random(
      Arena arena, MoeCombineSpec spec, int tokens, SplittableRandom random) {
    int slots = tokens * (int) spec.topK();
    int rows = slots + 3;
    Tensor o = HostTensors.allocate(arena, spec.input(), rows, spec.hidden());
    Tensor weights = HostTensors.allocate(arena, DType.F32, tokens, spec.topK());
    Tensor positions = HostTensors.allocate(arena, DType.I32, tokens, spec.topK());
    Tensor shared = HostTensors.allocate(arena, spec.input(), tokens, spec.hidden());
    for (Tensor tensor : List.of(o, weights, shared)) {
      double[] values = new double[(int) tensor.shape().elements()];
      java.util.Arrays.setAll(values, i -> random.nextGaussian());
      HostTensors.write(tensor, values, Saturation.NONSAT);
    }
    HostTensors.writeCodes(
        positions, random.longs(slots, -1, rows).map(p -> p % 7 == 5 ? -1 : p).toArray());
    return new MoeCombineArgs(
        o,
        weights,
        positions,
        shared,
        HostTensors.allocate(arena, spec.output(), tokens, spec.hidden()));
  }

  /** Adds up with a sum that is rounded to BF16 after every slot. */
  private static double[] inBf16(MoeCombineArgs args, int[] size) {
    double[] o = HostTensors.doubles(args.o());
    double[] weights = HostTensors.doubles(args.weights());
    double[] shared = HostTensors.doubles(Objects.requireNonNull(args.shared()));
    long[] positions = HostTensors.codes(args.positions());
    double[] y = new double[size[0] * size[1]];
    for (int i = 0; i < y.length; i++) {
      int token = i / size[1];
      float sum = 0;
      for (int j = 0; j < size[2]; j++) {
        int slot = token * size[2] + j;
        if (positions[slot] >= 0) {
          double term = weights[slot] * o[(int) positions[slot] * size[1] + i % size[1]];
          sum = Bf16.toFloat(Bf16.fromFloat((float) (sum + term)));
        }
      }
      y[i] = Bf16.toFloat(Bf16.fromFloat((float) (sum + shared[i])));
    }
    return y;
  }

  @Test
  void rowsMayHaveGapsAndOddOffsets() {
    MoeCombineSpec spec = new MoeCombineSpec(37, 2, DType.BF16, DType.BF16);
    SplittableRandom random = new SplittableRandom(SEED + 1);
    try (Arena arena = Arena.ofShared();
        CpuRun device = CpuRun.simd()) {
      MoeCombineArgs dense = random(arena, spec, 5, random);
      assertThat(device.violations(spec, dense, Regime.RANDOM)).isEmpty();
      MoeCombineArgs gaps =
          new MoeCombineArgs(
              inner(arena, dense.o()),
              inner(arena, dense.weights()),
              inner(arena, dense.positions()),
              inner(arena, Objects.requireNonNull(dense.shared())),
              inner(arena, dense.y()));
      assertThat(device.violations(spec, gaps, Regime.RANDOM)).isEmpty();
      assertThat(HostTensors.codes(gaps.y())).isEqualTo(HostTensors.codes(dense.y()));
    }
  }

  /** Copies a tensor into the middle of a wider one. */
  private static Tensor inner(Arena arena, Tensor tensor) {
    long columns = tensor.dim(1);
    Tensor wide = HostTensors.allocate(arena, tensor.dtype(), tensor.dim(0), columns + 3);
    Tensor inner = wide.slice(1, 1, columns + 1);
    HostTensors.writeCodes(inner, HostTensors.codes(tensor));
    return inner;
  }

  @Test
  void aWrongRowIsRefused() {
    MoeCombineSpec spec = new MoeCombineSpec(64, 2, DType.BF16, DType.BF16);
    SplittableRandom random = new SplittableRandom(SEED + 2);
    try (Arena arena = Arena.ofShared();
        CpuRun device = CpuRun.simd()) {
      MoeCombineArgs args = random(arena, spec, 4, random);
      HostTensors.writeCodes(args.positions(), new long[] {0, 1, 2, 3, 4, 5, 6, 7});
      assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
      HostTensors.writeCodes(args.positions(), new long[] {0, 1, 2, 3, 4, 5, 6, 8});
      assertThat(device.judge(spec, args, Regime.RANDOM)).hasSizeGreaterThan(32);
    }
  }
}

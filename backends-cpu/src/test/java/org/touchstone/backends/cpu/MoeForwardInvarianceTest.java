package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.backends.cpu.CpuRun.Kind;
import org.touchstone.backends.cpu.MoeProblem.Data;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/** What the bits of {@code moe_forward} do not depend on. */
class MoeForwardInvarianceTest {
  private static final long SEED = 0x5EED_0401L;

  @Test
  void tapsChangeNoBit() {
    SplittableRandom random = new SplittableRandom(SEED + 2);
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
      try (MoeProblem problem = new MoeProblem(spec, 5, Data.RANDOM, random);
          CpuRun device = CpuRun.simd()) {
        device.launch(spec, problem.args);
        long[] with = problem.codes("y");
        device.launch(spec, problem.withoutTaps());
        assertThat(problem.codes("y")).as("seed %x, %s", SEED, spec).isEqualTo(with);
      }
    }
  }

  @Test
  void bitsDependNeitherOnThreadsNorOnTheBatch() {
    SplittableRandom random = new SplittableRandom(SEED + 6);
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
      try (MoeProblem problem = new MoeProblem(spec, 31, Data.RANDOM, random);
          CpuRun one = CpuRun.simd(1);
          CpuRun three = CpuRun.simd(3)) {
        one.launch(spec, problem.args);
        long[] y = problem.codes("y");
        long[] taps = problem.codes("hiddenTap");
        three.launch(spec, problem.args);
        assertThat(problem.codes("y")).as("threads, %s", spec).isEqualTo(y);
        assertThat(problem.codes("hiddenTap")).isEqualTo(taps);
        for (int[] range : new int[][] {{0, 1}, {30, 31}, {4, 9}}) {
          MoeProblem part = problem.tokens(range[0], range[1]);
          one.launch(spec, part.args);
          for (int t = range[0]; t < range[1]; t++) {
            assertThat(part.yOf(t - range[0])).as("%s", spec).isEqualTo(problem.yOf(t));
          }
        }
      }
    }
  }

  @Test
  void permutingExpertsWithTheirWeightsChangesNoBit() {
    SplittableRandom random = new SplittableRandom(SEED + 7);
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
      int experts = (int) spec.experts();
      try (MoeProblem problem = new MoeProblem(spec, 11, Data.RANDOM, random);
          CpuRun device = CpuRun.simd()) {
        device.launch(spec, problem.args);
        long[] y = problem.codes("y");
        for (Tensor tensor : present(problem, "w1", "w1Scale", "w2", "w2Scale")) {
          long[] codes = HostTensors.codes(tensor);
          int size = codes.length / experts;
          long[] moved = new long[codes.length];
          for (int e = 0; e < experts; e++) {
            System.arraycopy(codes, e * size, moved, (e + 1) % experts * size, size);
          }
          HostTensors.writeCodes(tensor, moved);
        }
        long[] routes = problem.codes("indices");
        for (int i = 0; i < routes.length; i++) {
          routes[i] = routes[i] < 0 ? -1 : (routes[i] + 1) % experts;
        }
        HostTensors.writeCodes(problem.args.indices(), routes);
        device.launch(spec, problem.args);
        assertThat(problem.codes("y")).as("seed %x, %s", SEED, spec).isEqualTo(y);
      }
    }
  }

  private static List<Tensor> present(MoeProblem problem, String... slots) {
    List<Tensor> tensors = new ArrayList<>();
    for (String slot : slots) {
      Tensor tensor = problem.args.tensor(slot);
      if (tensor != null) {
        tensors.add(tensor);
      }
    }
    return tensors;
  }

  @Test
  void permutingTokensPermutesResults() {
    SplittableRandom random = new SplittableRandom(SEED + 8);
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
      int tokens = 9;
      try (MoeProblem problem = new MoeProblem(spec, tokens, Data.RANDOM, random);
          CpuRun device = CpuRun.simd()) {
        device.launch(spec, problem.args);
        long[][] y = new long[tokens][];
        Arrays.setAll(y, problem::yOf);
        for (Tensor tensor : present(problem, "x", "indices", "weights")) {
          long[] codes = HostTensors.codes(tensor);
          int size = codes.length / tokens;
          long[] moved = new long[codes.length];
          for (int t = 0; t < tokens; t++) {
            System.arraycopy(codes, t * size, moved, t * 4 % tokens * size, size);
          }
          HostTensors.writeCodes(tensor, moved);
        }
        device.launch(spec, problem.args);
        for (int t = 0; t < tokens; t++) {
          assertThat(problem.yOf(t * 4 % tokens)).as("%s", spec).isEqualTo(y[t]);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void nanAndInfinityStayInTheirTokens(Kind kind) {
    SplittableRandom random = new SplittableRandom(SEED + 11);
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
      try (MoeProblem problem = new MoeProblem(spec, 3, Data.RANDOM, random);
          CpuRun device = kind.open()) {
        long[] routes = problem.codes("indices");
        Arrays.setAll(routes, i -> i % spec.topK());
        HostTensors.writeCodes(problem.args.indices(), routes);
        double[] x = HostTensors.doubles(problem.args.x());
        int h = (int) spec.hiddenSize();
        x[1] = Double.NaN;
        x[2 * h - 1] = Double.POSITIVE_INFINITY;
        MoeProblem.write(problem.args.x(), x);
        assertThat(device.violations(spec, problem.args, Regime.RANDOM)).as("%s", spec).isEmpty();
        double[] y = problem.y();
        assertThat(Arrays.stream(y, 0, h).allMatch(Double::isNaN)).as("%s", spec).isTrue();
        assertThat(Arrays.stream(y, 2 * h, 3 * h).allMatch(Double::isFinite)).isTrue();
      }
    }
  }

  @Test
  void rowsMayHaveGaps() {
    MoeForwardSpec spec = MoeForwardSpecs.tiny(GemmOperands.FP8_BLOCK);
    try (MoeProblem problem =
            new MoeProblem(spec, 5, Data.RANDOM, new SplittableRandom(SEED + 12));
        CpuRun device = CpuRun.simd()) {
      device.launch(spec, problem.args);
      long[] y = problem.codes("y");
      long[] tap = problem.codes("hiddenTap");
      MoeProblem gaps = problem;
      for (String slot : List.of("x", "indices", "weights", "y", "hiddenTap", "hiddenScaleTap")) {
        Tensor dense = java.util.Objects.requireNonNull(problem.args.tensor(slot));
        gaps = gaps.with(slot, inner(problem.arena, dense));
      }
      assertThat(device.violations(spec, gaps.args, Regime.RANDOM)).isEmpty();
      assertThat(gaps.codes("y")).isEqualTo(y);
      assertThat(gaps.codes("hiddenTap")).isEqualTo(tap);
    }
  }

  /** The operators that moe_forward fuses, one after the other, are within its bounds. */
  @Test
  void equalsTheCompositionOfItsOperators() {
    SplittableRandom random = new SplittableRandom(SEED + 13);
    for (GemmOperands operands :
        List.of(GemmOperands.F32, GemmOperands.BF16, GemmOperands.FP8_BLOCK)) {
      for (Kind kind : Kind.values()) {
        MoeForwardSpec spec = MoeForwardSpec.of(operands, 6, 3, 200, 72);
        try (MoeProblem problem = new MoeProblem(spec, 13, Data.RANDOM, random);
            CpuRun device = kind.open()) {
          new MoeComposition(spec, problem, device).run();
          MoeForwardArgs args = problem.withoutTaps();
          try (CpuRun judge = CpuRun.simd(1)) {
            assertThat(judge.judge(spec, args, Regime.RANDOM)).as("%s %s", kind, spec).isEmpty();
          }
          double[] composed = problem.y();
          device.launch(spec, args);
          double[] fused = problem.y();
          double size = Arrays.stream(fused).map(Math::abs).max().orElse(0);
          double tolerance = spec.output() == DType.F32 ? 1e-6 : 0x1p-6;
          for (int i = 0; i < fused.length; i++) {
            assertThat(composed[i]).isCloseTo(fused[i], within(tolerance * size));
          }
        }
      }
    }
  }

  /** Copies a tensor into the middle of one that is wider in its last dimension. */
  private static Tensor inner(Arena arena, Tensor tensor) {
    long[] dims = tensor.shape().dims();
    long columns = dims[dims.length - 1];
    dims[dims.length - 1] = columns + 3;
    Tensor wide = HostTensors.allocate(arena, tensor.dtype(), dims);
    Tensor inner = wide.slice(dims.length - 1, 1, columns + 1);
    HostTensors.writeCodes(inner, HostTensors.codes(tensor));
    return inner;
  }
}

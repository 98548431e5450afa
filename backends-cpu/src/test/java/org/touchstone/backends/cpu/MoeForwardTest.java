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
import org.touchstone.api.Layout;
import org.touchstone.api.Numerics;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoeForwardSpec.SharedGate;
import org.touchstone.api.op.MoeForwardSpec.WeightOn;
import org.touchstone.backends.cpu.CpuRun.Kind;
import org.touchstone.backends.cpu.MoeNaive.Defect;
import org.touchstone.backends.cpu.MoeProblem.Data;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

class MoeForwardTest {
  private static final long SEED = 0x5EED_0401L;
  private static final double[][] GATES_AND_UPS = {{1, 1}, {8, -9}, {12, 12}};

  private static MoeForwardSpec spec(
      GemmOperands operands,
      long[] dims,
      SharedGate gate,
      Activation activation,
      DType round,
      WeightOn weightOn,
      DType output) {
    DType input = operands == GemmOperands.F32 ? DType.F32 : DType.BF16;
    DType hidden = operands == GemmOperands.BF16 ? DType.BF16 : round;
    return new MoeForwardSpec(
        operands,
        dims[0],
        dims[1],
        dims[2],
        dims[3],
        dims[4],
        gate,
        activation,
        input,
        round,
        hidden,
        weightOn,
        output,
        Layout.PLAIN,
        Numerics.STANDARD);
  }

  /** Specs that together have every type, flag and activation; E, k, H, I and shared I are ugly. */
  private static List<MoeForwardSpec> specs() {
    Activation swiglu = Activation.SWIGLU;
    Activation interleaved =
        new Activation(
            Activation.Kind.SWIGLU, Float.POSITIVE_INFINITY, Activation.GateLayout.INTERLEAVED);
    DType f32 = DType.F32;
    DType bf16 = DType.BF16;
    SharedGate none = SharedGate.NONE;
    SharedGate sigmoid = SharedGate.SIGMOID;
    WeightOn out = WeightOn.OUTPUT;
    WeightOn act = WeightOn.ACT_BEFORE_DOWN;
    GemmOperands fp8 = GemmOperands.FP8_BLOCK;
    return List.of(
        spec(GemmOperands.F32, new long[] {4, 2, 37, 19, 0}, none, swiglu, f32, out, f32),
        spec(GemmOperands.F32, new long[] {3, 1, 64, 130, 33}, sigmoid, swiglu, bf16, act, bf16),
        spec(
            GemmOperands.F32,
            new long[] {2, 2, 17, 5, 129},
            none,
            Activation.GEGLU_TANH,
            f32,
            out,
            f32),
        spec(GemmOperands.BF16, new long[] {5, 3, 130, 47, 20}, none, swiglu, bf16, out, bf16),
        spec(
            GemmOperands.BF16,
            new long[] {4, 2, 255, 64, 0},
            none,
            Activation.SWIGLU_OAI,
            f32,
            out,
            f32),
        spec(fp8, new long[] {16, 4, 192, 96, 96}, none, swiglu, bf16, out, bf16),
        spec(
            fp8,
            new long[] {3, 2, 257, 200, 96},
            sigmoid,
            Activation.SWIGLU_CLAMPED,
            f32,
            act,
            f32),
        spec(fp8, new long[] {2, 1, 129, 131, 0}, none, interleaved, bf16, act, f32),
        spec(fp8, new long[] {7, 2, 128, 128, 256}, sigmoid, interleaved, f32, out, bf16));
  }

  private static MoeForwardSpec tiny(GemmOperands operands) {
    return spec(
        operands,
        new long[] {16, 4, 192, 96, 96},
        SharedGate.NONE,
        Activation.SWIGLU,
        operands == GemmOperands.F32 ? DType.F32 : DType.BF16,
        WeightOn.OUTPUT,
        operands == GemmOperands.F32 ? DType.F32 : DType.BF16);
  }

  /** With identity weights the expert is the activation itself. */
  @ParameterizedTest
  @EnumSource
  void activationGoldens(Kind kind) {
    double[][] expected = {
      {.7310586, -71.97585, 143.99912},
      {.7310586, -71.97585, 99.99546},
      {1.6915915, -41.99972, 55.99963},
      {.8411920, Double.NaN, Double.NaN}
    };
    List<Activation> activations =
        List.of(
            Activation.SWIGLU,
            Activation.SWIGLU_CLAMPED,
            Activation.SWIGLU_OAI,
            Activation.GEGLU_TANH);
    for (int a = 0; a < expected.length; a++) {
      for (int p = 0; p < GATES_AND_UPS.length; p++) {
        if (Double.isNaN(expected[a][p])) {
          continue;
        }
        MoeForwardSpec spec =
            spec(
                GemmOperands.F32,
                new long[] {1, 1, 2, 1, 0},
                SharedGate.NONE,
                activations.get(a),
                DType.F32,
                WeightOn.OUTPUT,
                DType.F32);
        try (Arena arena = Arena.ofShared();
            CpuRun device = kind.open()) {
          Tensor y = HostTensors.allocate(arena, DType.F32, 1, 2);
          MoeForwardArgs args =
              new MoeForwardArgs(
                  HostTensors.of(arena, DType.F32, Shape.of(1, 2), GATES_AND_UPS[p]),
                  HostTensors.allocate(arena, DType.I32, 1, 1),
                  HostTensors.of(arena, DType.F32, Shape.of(1, 1), 1),
                  HostTensors.of(arena, DType.F32, Shape.of(1, 2, 2), 1, 0, 0, 1),
                  null,
                  HostTensors.of(arena, DType.F32, Shape.of(1, 2, 1), 1, 2),
                  null,
                  null,
                  null,
                  null,
                  null,
                  null,
                  y,
                  null,
                  null);
          assertThat(device.violations(spec, args, Regime.RANDOM)).isEmpty();
          double tolerance = 1e-5 * Math.abs(expected[a][p]);
          assertThat(HostTensors.doubles(y)[0]).isCloseTo(expected[a][p], within(tolerance));
          assertThat(HostTensors.doubles(y)[1])
              .isCloseTo(2 * expected[a][p], within(2 * tolerance));
        }
      }
    }
  }

  /** The reference and plain loops that know nothing of bounds agree. */
  @Test
  void theReferenceAgreesWithPlainLoops() {
    SplittableRandom random = new SplittableRandom(SEED);
    for (MoeForwardSpec spec : specs()) {
      try (MoeProblem problem = new MoeProblem(spec, 7, Data.RANDOM, random);
          CpuRun device = CpuRun.reference()) {
        assertThat(device.violations(spec, problem.args, Regime.RANDOM)).isEmpty();
        double[] naive = MoeNaive.y(spec, problem.args, Defect.NONE);
        double[] y = problem.y();
        double size = Arrays.stream(naive).map(Math::abs).max().orElse(0);
        assertThat(size).isGreaterThan(0.01);
        double tolerance = spec.output() == DType.BF16 ? 0x1p-8 : 1e-6;
        for (int i = 0; i < y.length; i++) {
          assertThat(y[i])
              .as("seed %x, %s, y[%d]", SEED, spec, i)
              .isCloseTo(naive[i], within(tolerance * Math.abs(naive[i]) + 1e-6 * size));
        }
      }
    }
  }

  @Test
  void simdStaysWithinBounds() {
    SplittableRandom random = new SplittableRandom(SEED + 1);
    for (MoeForwardSpec spec : specs()) {
      for (Data data : Data.values()) {
        Regime regime = data == Data.RANDOM ? Regime.RANDOM : Regime.STRUCTURED;
        for (int tokens : new int[] {0, 1, 29}) {
          try (MoeProblem problem = new MoeProblem(spec, tokens, data, random);
              CpuRun device = CpuRun.simd()) {
            String what = "seed %x, %s, %d tokens, %s".formatted(SEED, spec, tokens, data);
            assertThat(device.violations(spec, problem.args, regime)).as(what).isEmpty();
            assertThat(device.judge(spec, problem.withoutTaps(), regime)).as(what).isEmpty();
          }
        }
      }
    }
  }

  @Test
  void tapsChangeNoBit() {
    SplittableRandom random = new SplittableRandom(SEED + 2);
    for (MoeForwardSpec spec : specs()) {
      try (MoeProblem problem = new MoeProblem(spec, 5, Data.RANDOM, random);
          CpuRun device = CpuRun.simd()) {
        device.launch(spec, problem.args);
        long[] with = problem.codes("y");
        device.launch(spec, problem.withoutTaps());
        assertThat(problem.codes("y")).as("seed %x, %s", SEED, spec).isEqualTo(with);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void tapsOfSkippedSlotsAreZero(Kind kind) {
    for (GemmOperands operands :
        List.of(GemmOperands.F32, GemmOperands.BF16, GemmOperands.FP8_BLOCK)) {
      MoeForwardSpec spec = tiny(operands);
      try (MoeProblem problem =
              new MoeProblem(spec, 2, Data.RANDOM, new SplittableRandom(SEED + 3));
          CpuRun device = kind.open()) {
        HostTensors.writeCodes(problem.args.indices(), new long[] {1, 2, 3, 4, 5, -1, 6, -1});
        assertThat(device.violations(spec, problem.args, Regime.RANDOM)).isEmpty();
        long[] tap = problem.codes("hiddenTap");
        assertThat(Arrays.copyOfRange(tap, 5 * 96, 6 * 96)).containsOnly(0);
        assertThat(Arrays.copyOfRange(tap, 7 * 96, 8 * 96)).containsOnly(0);
        assertThat(Arrays.copyOfRange(tap, 4 * 96, 5 * 96)).matches(row -> nonzero(row) > 80);
        assertThat(Arrays.copyOfRange(tap, 6 * 96, 7 * 96)).matches(row -> nonzero(row) > 80);
      }
    }
  }

  private static long nonzero(long[] codes) {
    return Arrays.stream(codes).filter(code -> code != 0).count();
  }

  @ParameterizedTest
  @EnumSource
  void tokensWithoutExpertsGetTheSharedExpertOrZero(Kind kind) {
    SplittableRandom random = new SplittableRandom(SEED + 4);
    for (MoeForwardSpec spec : specs()) {
      try (MoeProblem problem = new MoeProblem(spec, 3, Data.RANDOM, random);
          CpuRun device = kind.open()) {
        long[] none = new long[3 * (int) spec.topK()];
        Arrays.fill(none, -1);
        HostTensors.writeCodes(problem.args.indices(), none);
        assertThat(device.violations(spec, problem.args, Regime.RANDOM)).isEmpty();
        boolean zero = Arrays.stream(problem.y()).allMatch(v -> v == 0);
        assertThat(zero).as("%s", spec).isEqualTo(spec.sharedIntermediate() == 0);
      }
    }
  }

  @Test
  void oneExpertMayGetEveryToken() {
    SplittableRandom random = new SplittableRandom(SEED + 5);
    for (GemmOperands operands : List.of(GemmOperands.BF16, GemmOperands.FP8_BLOCK)) {
      MoeForwardSpec spec =
          spec(
              operands,
              new long[] {9, 2, 160, 72, 0},
              SharedGate.NONE,
              Activation.SWIGLU,
              DType.BF16,
              WeightOn.OUTPUT,
              DType.F32);
      try (MoeProblem problem = new MoeProblem(spec, 61, Data.RANDOM, random);
          CpuRun device = CpuRun.simd()) {
        long[] routes = new long[2 * 61];
        for (int t = 0; t < 61; t++) {
          routes[2 * t] = 7;
          routes[2 * t + 1] = t % 3 == 0 ? 8 : -1;
        }
        HostTensors.writeCodes(problem.args.indices(), routes);
        assertThat(device.violations(spec, problem.args, Regime.RANDOM)).isEmpty();
      }
    }
  }

  @Test
  void bitsDependNeitherOnThreadsNorOnTheBatch() {
    SplittableRandom random = new SplittableRandom(SEED + 6);
    for (MoeForwardSpec spec : specs()) {
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
    for (MoeForwardSpec spec : specs()) {
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
    for (MoeForwardSpec spec : specs()) {
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

  /** Defects of the computation show, with taps absent and so every stage's bound in the sum. */
  @Test
  void wrongResultsAreOutsideTheBounds() {
    SplittableRandom random = new SplittableRandom(SEED + 9);
    for (MoeForwardSpec spec : specs()) {
      try (MoeProblem problem = new MoeProblem(spec, 3, Data.RANDOM, random);
          CpuRun device = CpuRun.simd()) {
        int elements = 3 * (int) spec.hiddenSize();
        for (Defect defect : Defect.values()) {
          boolean possible =
              switch (defect) {
                case NEXT_SCALE -> spec.operands().scaled() && spec.hiddenSize() > 128;
                case HIDDEN_NOT_ROUNDED -> spec.hidden() == DType.BF16 || spec.operands().scaled();
                case BF16_SUMS -> spec.output() == DType.F32;
                default -> true;
              };
          if (!possible) {
            continue;
          }
          MoeProblem.write(problem.args.y(), MoeNaive.y(spec, problem.args, defect));
          int wrong = device.judge(spec, problem.withoutTaps(), Regime.STRUCTURED).size();
          String what = "seed %x, %s, %s".formatted(SEED, spec, defect);
          if (defect == Defect.NONE) {
            assertThat(wrong).as(what).isZero();
          } else {
            assertThat(wrong).as(what).isGreaterThan(elements / 20);
          }
        }
      }
    }
  }

  @Test
  void tapsAreJudgedAndWhatFollowsIsDerivedFromThem() {
    MoeForwardSpec spec = tiny(GemmOperands.FP8_BLOCK);
    try (MoeProblem problem =
            new MoeProblem(spec, 2, Data.RANDOM, new SplittableRandom(SEED + 10));
        CpuRun device = CpuRun.simd()) {
      assertThat(device.violations(spec, problem.args, Regime.RANDOM)).isEmpty();
      long[] codes = problem.codes("hiddenTap");
      int slot = (int) Arrays.stream(problem.codes("indices")).takeWhile(e -> e < 0).count();
      int at = slot * 96 + 17;
      codes[at] ^= 4;
      HostTensors.writeCodes(java.util.Objects.requireNonNull(problem.args.hiddenTap()), codes);
      List<String> wrong = device.judge(spec, problem.args, Regime.RANDOM);
      assertThat(wrong).anyMatch(line -> line.startsWith("hiddenTap[" + at + "]"));
      assertThat(wrong).anyMatch(line -> line.startsWith("y["));
    }
  }

  @ParameterizedTest
  @EnumSource
  void nanAndInfinityStayInTheirTokens(Kind kind) {
    SplittableRandom random = new SplittableRandom(SEED + 11);
    for (MoeForwardSpec spec : specs()) {
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
    MoeForwardSpec spec = tiny(GemmOperands.FP8_BLOCK);
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
}

package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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
            MoeForwardSpecs.spec(
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
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
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
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
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

  @ParameterizedTest
  @EnumSource
  void tapsOfSkippedSlotsAreZero(Kind kind) {
    for (GemmOperands operands :
        List.of(GemmOperands.F32, GemmOperands.BF16, GemmOperands.FP8_BLOCK)) {
      MoeForwardSpec spec = MoeForwardSpecs.tiny(operands);
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
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
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
          MoeForwardSpecs.spec(
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

  /** Defects of the computation show, with taps absent and so every stage's bound in the sum. */
  @Test
  void wrongResultsAreOutsideTheBounds() {
    SplittableRandom random = new SplittableRandom(SEED + 9);
    for (MoeForwardSpec spec : MoeForwardSpecs.specs()) {
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
    MoeForwardSpec spec = MoeForwardSpecs.tiny(GemmOperands.FP8_BLOCK);
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
}

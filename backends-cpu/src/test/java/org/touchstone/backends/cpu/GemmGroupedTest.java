package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmGroupedArgs;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.GemmGroupedSpec.Grouping;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

class GemmGroupedTest {
  private static final long SEED = 815;
  private static final int EXPERTS = 4;
  private static final int N = 21;
  private static final int K = 200;

  /** Expert 1 has no rows, expert 3 the most. */
  private static final int[] ROWS = {3, 0, 1, 9};

  private static final int ALIGNMENT = 4;

  private final Arena arena = Arena.ofAuto();

  private Tensor random(DType dtype, long stream, long... dims) {
    Tensor tensor = HostTensors.allocate(arena, dtype, dims);
    SplittableRandom random = new SplittableRandom(SEED + stream);
    double[] values = new double[(int) tensor.shape().elements()];
    double deviation = dtype == DType.E4M3FN ? 100 : 1;
    Arrays.setAll(values, i -> deviation * random.nextGaussian());
    HostTensors.write(tensor, values, Saturation.SAT);
    return tensor;
  }

  private Tensor scales(long stream, long... dims) {
    Tensor tensor = HostTensors.allocate(arena, DType.F32, dims);
    SplittableRandom random = new SplittableRandom(SEED + stream);
    double[] values = new double[(int) tensor.shape().elements()];
    Arrays.setAll(values, i -> Math.pow(2, -6 * random.nextDouble()));
    HostTensors.write(tensor, values, Saturation.NONSAT);
    return tensor;
  }

  private static long capacity(Grouping grouping) {
    return grouping == Grouping.MASKED ? 10 : 24;
  }

  /** First rows of the experts' segments. */
  private static int[] starts(Grouping grouping) {
    return switch (grouping) {
      case OFFSETS -> new int[] {0, 3, 3, 4};
      case CONTIGUOUS, PSUM -> new int[] {0, 4, 4, 8};
      case MASKED -> new int[4];
    };
  }

  private Tensor groups(Grouping grouping) {
    long[] codes =
        switch (grouping) {
          case OFFSETS -> new long[] {0, 3, 3, 4, 13};
          case PSUM -> new long[] {3, 4, 5, 17};
          case MASKED -> new long[] {3, 0, 1, 9};
          case CONTIGUOUS -> {
            long[] experts = new long[(int) capacity(grouping)];
            Arrays.fill(experts, -1);
            for (int e = 0; e < EXPERTS; e++) {
              Arrays.fill(experts, starts(grouping)[e], starts(grouping)[e] + ROWS[e], e);
            }
            yield experts;
          }
        };
    Tensor tensor = HostTensors.allocate(arena, DType.I32, codes.length);
    HostTensors.writeCodes(tensor, codes);
    return tensor;
  }

  private static GemmGroupedSpec spec(GemmOperands operands, Grouping grouping) {
    boolean aligned = grouping == Grouping.CONTIGUOUS || grouping == Grouping.PSUM;
    return GemmGroupedSpec.of(operands, EXPERTS, N, K, DType.F32)
        .withGrouping(grouping, aligned ? ALIGNMENT : 1);
  }

  private GemmGroupedArgs args(GemmGroupedSpec spec) {
    boolean masked = spec.grouping() == Grouping.MASKED;
    long rows = capacity(spec.grouping());
    Tensor a =
        masked
            ? random(spec.operands().dtype(), 1, EXPERTS, rows, K)
            : random(spec.operands().dtype(), 1, rows, K);
    Tensor c = masked ? random(DType.F32, 2, EXPERTS, rows, N) : random(DType.F32, 2, rows, N);
    return new GemmGroupedArgs(
        a,
        random(spec.operands().dtype(), 3, EXPERTS, N, K),
        scaleA(spec, rows),
        scaleB(spec),
        groups(spec.grouping()),
        c);
  }

  private @Nullable Tensor scaleA(GemmGroupedSpec spec, long rows) {
    boolean masked = spec.grouping() == Grouping.MASKED;
    return switch (spec.operands()) {
      case F32, BF16 -> null;
      case FP8_TENSOR -> scales(4, 1);
      case FP8_CHANNEL -> masked ? scales(4, EXPERTS, rows) : scales(4, rows);
      case FP8_BLOCK -> masked ? scales(4, EXPERTS, rows, 2) : scales(4, rows, 2);
    };
  }

  private @Nullable Tensor scaleB(GemmGroupedSpec spec) {
    return switch (spec.operands()) {
      case F32, BF16 -> null;
      case FP8_TENSOR -> scales(5, EXPERTS);
      case FP8_CHANNEL -> scales(5, EXPERTS, N);
      case FP8_BLOCK -> scales(5, EXPERTS, 1, 2);
    };
  }

  @ParameterizedTest
  @EnumSource
  void liesWithinItsBoundAndLeavesPaddingAlone(Grouping grouping) {
    try (Launches simd = Launches.simd(2)) {
      for (GemmOperands operands : GemmOperands.values()) {
        GemmGroupedSpec spec = spec(operands, grouping);
        GemmGroupedArgs args = args(spec);
        double[] before = HostTensors.doubles(args.c());
        simd.runAndJudge("seed " + SEED, spec, args, Regime.RANDOM);
        double[] after = HostTensors.doubles(args.c());
        boolean[] owned = owned(grouping, after.length);
        for (int i = 0; i < after.length; i++) {
          if (!owned[i]) {
            assertThat(after[i]).as("padding element %d of %s", i, spec).isEqualTo(before[i]);
          }
        }
      }
    }
  }

  private static boolean[] owned(Grouping grouping, int elements) {
    boolean[] owned = new boolean[elements];
    for (int e = 0; e < EXPERTS; e++) {
      int base = grouping == Grouping.MASKED ? (int) (e * capacity(grouping)) : 0;
      int first = (base + starts(grouping)[e]) * N;
      Arrays.fill(owned, first, first + ROWS[e] * N, true);
    }
    return owned;
  }

  @ParameterizedTest
  @EnumSource
  void everyExpertGivesTheBitsOfItsOwnProduct(GemmOperands operands) {
    Grouping grouping = Grouping.OFFSETS;
    GemmGroupedSpec spec = spec(operands, grouping);
    GemmGroupedArgs args = args(spec);
    try (Launches simd = Launches.simd(2)) {
      simd.run(spec, args);
      for (int e = 0; e < EXPERTS; e++) {
        int from = starts(grouping)[e];
        int to = from + ROWS[e];
        Tensor c = HostTensors.allocate(arena, DType.F32, ROWS[e], N);
        Tensor scaleA = args.scaleA();
        Tensor scaleB = args.scaleB();
        simd.run(
            GemmSpec.of(operands, N, K, DType.F32),
            new GemmArgs(
                args.a().slice(0, from, to),
                args.b().slice(0, e, e + 1).reshape(N, K),
                scaleA == null || operands == GemmOperands.FP8_TENSOR
                    ? scaleA
                    : scaleA.slice(0, from, to),
                scaleB == null ? null : ofExpert(scaleB, e, operands),
                null,
                c));
        assertThat(HostTensors.codes(c))
            .as("expert %d, seed %d", e, SEED)
            .isEqualTo(HostTensors.codes(args.c().slice(0, from, to)));
      }
    }
  }

  private static Tensor ofExpert(Tensor scaleB, int expert, GemmOperands operands) {
    Tensor own = scaleB.slice(0, expert, expert + 1);
    return switch (operands) {
      case FP8_CHANNEL -> own.reshape(N);
      case FP8_BLOCK -> own.reshape(1, 2);
      default -> own;
    };
  }

  @Test
  void groupsThatLeaveTheTensorAreRefused() {
    GemmGroupedSpec spec = spec(GemmOperands.F32, Grouping.OFFSETS);
    GemmGroupedArgs args = args(spec);
    HostTensors.writeCodes(args.groups(), new long[] {0, 3, 3, 4, 25});
    try (Launches simd = Launches.simd(1)) {
      assertThatThrownBy(() -> simd.run(spec, args))
          .isInstanceOfSatisfying(
              HalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OUT_OF_BOUNDS))
          .hasMessageContaining("rows 4 to 25");
    }
  }

  @Test
  void anExpertMayTakeEveryRowAndRowsMayBeMissing() {
    GemmGroupedSpec spec = spec(GemmOperands.BF16, Grouping.OFFSETS);
    try (Launches simd = Launches.simd(2)) {
      GemmGroupedArgs args = args(spec);
      HostTensors.writeCodes(args.groups(), new long[] {0, 0, 24, 24, 24});
      simd.runAndJudge("seed " + SEED, spec, args, Regime.RANDOM);
      GemmGroupedArgs empty =
          new GemmGroupedArgs(
              HostTensors.allocate(arena, DType.BF16, 0, K),
              args.b(),
              null,
              null,
              HostTensors.allocate(arena, DType.I32, EXPERTS + 1),
              HostTensors.allocate(arena, DType.F32, 0, N));
      simd.runAndJudge("no rows", spec, empty, Regime.RANDOM);
    }
  }
}

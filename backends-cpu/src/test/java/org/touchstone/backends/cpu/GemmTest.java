package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.OracleRequest.Regime;

class GemmTest {
  private static final long SEED = 4711;

  private final Arena arena = Arena.ofAuto();

  static Stream<Arguments> shapes() {
    int[][] sizes = {
      {1, 1, 1},
      {1, 5, 31},
      {2, 3, 33},
      {3, 17, 64},
      {4, 64, 129},
      {5, 65, 127},
      {7, 129, 128},
      {1, 130, 300},
      {13, 20, 257},
      {97, 67, 48},
      {1, 448, 192},
      {25, 16, 600}
    };
    return Stream.of(GemmOperands.values())
        .flatMap(operands -> Stream.of(sizes).map(s -> Arguments.of(operands, s[0], s[1], s[2])));
  }

  /** Fills with normal numbers; FP8 with codes over its whole range. */
  private Tensor random(DType dtype, long stream, long... dims) {
    Tensor tensor = HostTensors.allocate(arena, dtype, dims);
    fill(tensor, stream);
    return tensor;
  }

  private static void fill(Tensor tensor, long stream) {
    SplittableRandom random = new SplittableRandom(SEED + stream);
    double[] values = new double[(int) tensor.shape().elements()];
    double deviation = tensor.dtype() == DType.E4M3FN ? 100 : 1;
    for (int i = 0; i < values.length; i++) {
      values[i] = deviation * random.nextGaussian();
    }
    HostTensors.write(tensor, values, Saturation.SAT);
  }

  private Tensor scales(long stream, long... dims) {
    Tensor tensor = HostTensors.allocate(arena, DType.F32, dims);
    SplittableRandom random = new SplittableRandom(SEED + stream);
    double[] values = new double[(int) tensor.shape().elements()];
    Arrays.setAll(values, i -> Math.pow(2, -6 * random.nextDouble()));
    HostTensors.write(tensor, values, Saturation.NONSAT);
    return tensor;
  }

  private @Nullable Tensor scaleA(GemmOperands operands, long m, long k) {
    return switch (operands) {
      case F32, BF16 -> null;
      case FP8_TENSOR -> scales(3, 1);
      case FP8_CHANNEL -> scales(3, m);
      case FP8_BLOCK -> scales(3, m, Math.ceilDiv(k, 128));
    };
  }

  private @Nullable Tensor scaleB(GemmOperands operands, long n, long k) {
    return switch (operands) {
      case F32, BF16 -> null;
      case FP8_TENSOR -> scales(4, 1);
      case FP8_CHANNEL -> scales(4, n);
      case FP8_BLOCK -> scales(4, Math.ceilDiv(n, 128), Math.ceilDiv(k, 128));
    };
  }

  private GemmArgs args(GemmSpec spec, long m) {
    GemmOperands operands = spec.operands();
    return new GemmArgs(
        random(operands.dtype(), 1, m, spec.k()),
        random(operands.dtype(), 2, spec.n(), spec.k()),
        scaleA(operands, m, spec.k()),
        scaleB(operands, spec.n(), spec.k()),
        spec.bias() == GemmSpec.Bias.PER_COLUMN ? random(DType.F32, 5, spec.n()) : null,
        random(spec.output(), 6, m, spec.n()));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void liesWithinItsBound(GemmOperands operands, int m, int n, int k) {
    try (Launches simd = Launches.simd(2)) {
      for (DType output : new DType[] {DType.F32, DType.BF16}) {
        GemmSpec spec = GemmSpec.of(operands, n, k, output);
        simd.runAndJudge("seed " + SEED, spec, args(spec, m), Regime.RANDOM);
      }
      GemmSpec adding = GemmSpec.of(operands, n, k, DType.F32).withBias().addingToC();
      simd.runAndJudge("seed " + SEED, adding, args(adding, m), Regime.RANDOM);
      GemmSpec biased = GemmSpec.of(operands, n, k, DType.BF16).withBias();
      simd.runAndJudge("seed " + SEED, biased, args(biased, m), Regime.RANDOM);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void rowsDependNeitherOnTheBatchNorOnThreads(GemmOperands operands, int m, int n, int k) {
    GemmSpec spec = GemmSpec.of(operands, n, k, DType.F32);
    GemmArgs args = args(spec, m);
    try (Launches two = Launches.simd(2);
        Launches one = Launches.simd(1)) {
      two.run(spec, args);
      for (int row = 0; row < m; row += Math.max(1, m / 7)) {
        Tensor scaleA = args.scaleA();
        Tensor c = HostTensors.allocate(arena, DType.F32, 1, n);
        one.run(
            spec,
            new GemmArgs(
                args.a().slice(0, row, row + 1),
                args.b(),
                scaleA == null || operands == GemmOperands.FP8_TENSOR
                    ? scaleA
                    : scaleA.slice(0, row, row + 1),
                args.scaleB(),
                null,
                c));
        assertThat(HostTensors.codes(c))
            .as("row %d alone, seed %d", row, SEED)
            .isEqualTo(HostTensors.codes(args.c().slice(0, row, row + 1)));
      }
    }
  }

  @Test
  void rowsMayLieFarApartAndUnaligned() {
    int m = 5;
    int n = 19;
    int k = 70;
    try (Launches simd = Launches.simd(2)) {
      for (GemmOperands operands : GemmOperands.values()) {
        GemmSpec spec = GemmSpec.of(operands, n, k, DType.BF16);
        GemmArgs dense = args(spec, m);
        Tensor a = spread(operands.dtype(), m, k, 83);
        fill(a, 1);
        Tensor c = spread(DType.BF16, m, n, 23);
        simd.run(spec, dense);
        simd.run(spec, new GemmArgs(a, dense.b(), dense.scaleA(), dense.scaleB(), dense.bias(), c));
        assertThat(HostTensors.codes(c))
            .as(operands.name())
            .isEqualTo(HostTensors.codes(dense.c()));
      }
    }
  }

  private Tensor spread(DType dtype, long rows, long columns, long pitch) {
    long offset = 3L * dtype.bits() / 8;
    Buffer buffer = Buffer.ofHost(arena.allocate(offset + rows * pitch * dtype.bits() / 8, 64));
    return Tensor.of(
        buffer, dtype, Shape.of(rows, columns), Strides.of(pitch, 1), offset, Layout.PLAIN);
  }

  @Test
  void nanInARowOfEitherOperandReachesItsRowOrColumnOnly() {
    int n = 21;
    for (GemmOperands operands : GemmOperands.values()) {
      for (int m : new int[] {1, 6}) {
        for (int k : new int[] {40, 300}) {
          GemmSpec spec = GemmSpec.of(operands, n, k, DType.F32);
          GemmArgs args = args(spec, m);
          int badRow = m - 1;
          int badColumn = 17;
          long nan = operands.dtype().format().nanCode().orElseThrow();
          if (operands.scaled()) {
            nan |= 0x80;
          }
          set(args.a(), (long) badRow * k + k - 1, nan);
          set(args.b(), (long) badColumn * k + 3, nan);
          try (Launches simd = Launches.simd(2)) {
            simd.run(spec, args);
          }
          double[] c = HostTensors.doubles(args.c());
          for (int i = 0; i < c.length; i++) {
            boolean poisoned = i / n == badRow || i % n == badColumn;
            assertThat(Double.isNaN(c[i]))
                .as("%s m %d k %d element %d", operands, m, k, i)
                .isEqualTo(poisoned);
          }
        }
      }
    }
  }

  private static void set(Tensor tensor, long element, long code) {
    long[] codes = HostTensors.codes(tensor);
    codes[(int) element] = code;
    HostTensors.writeCodes(tensor, codes);
  }

  @Test
  void nothingToAddUpGivesTheBiasAndThePreviousContent() {
    try (Launches simd = Launches.simd(1)) {
      for (GemmOperands operands : GemmOperands.values()) {
        for (int m : new int[] {0, 1, 4}) {
          GemmSpec plain = GemmSpec.of(operands, 5, 0, DType.F32);
          GemmArgs zero = args(plain, m);
          simd.run(plain, zero);
          assertThat(HostTensors.doubles(zero.c())).isEqualTo(constant(5 * m, 0));

          GemmSpec adding = plain.withBias().addingToC();
          GemmArgs args = args(adding, m);
          double[] before = HostTensors.doubles(args.c());
          double[] bias = HostTensors.doubles(java.util.Objects.requireNonNull(args.bias()));
          simd.run(adding, args);
          double[] after = HostTensors.doubles(args.c());
          for (int i = 0; i < after.length; i++) {
            assertThat(after[i]).isEqualTo((float) bias[i % 5] + (float) before[i]);
          }
        }
      }
    }
  }

  @Test
  void everyCodeOfE4m3IsMultipliedExactly() {
    GemmSpec spec = GemmSpec.of(GemmOperands.FP8_CHANNEL, 256, 1, DType.F32);
    for (int m : new int[] {1, 2}) {
      Tensor a = HostTensors.allocate(arena, DType.E4M3FN, m, 1);
      Tensor b = HostTensors.allocate(arena, DType.E4M3FN, 256, 1);
      long[] codes = new long[256];
      Arrays.setAll(codes, i -> i);
      HostTensors.writeCodes(b, codes);
      Tensor ones = HostTensors.of(arena, DType.F32, Shape.of(256), constant(256, 1));
      Tensor scaleA = HostTensors.of(arena, DType.F32, Shape.of(m), constant(m, 1));
      Tensor c = HostTensors.allocate(arena, DType.F32, m, 256);
      for (int code = 0; code < 256; code++) {
        long[] row = new long[m];
        Arrays.fill(row, code);
        HostTensors.writeCodes(a, row);
        try (Launches simd = Launches.simd(1)) {
          simd.run(spec, GemmArgs.scaled(a, scaleA, b, ones, c));
        }
        double[] products = HostTensors.doubles(c);
        for (int i = 0; i < products.length; i++) {
          double expected =
              DType.E4M3FN.format().decode(code) * DType.E4M3FN.format().decode(i % 256);
          // Adding 0 makes a negative zero positive, as a sum that starts at 0 does.
          assertThat(products[i])
              .as("%d x %d", code, i % 256)
              .isEqualTo(Double.valueOf(expected + 0.0));
        }
      }
    }
  }

  private static double[] constant(int count, double value) {
    double[] values = new double[count];
    Arrays.fill(values, value);
    return values;
  }

  @Test
  void theReferenceRunsAsADevice() {
    GemmSpec spec = GemmSpec.of(GemmOperands.FP8_BLOCK, 3, 200, DType.F32).withBias();
    GemmArgs args = args(spec, 2);
    try (Launches reference = Launches.reference()) {
      reference.run(spec, args);
    }
    double[] a = HostTensors.doubles(args.a());
    double[] b = HostTensors.doubles(args.b());
    double[] scaleA = HostTensors.doubles(java.util.Objects.requireNonNull(args.scaleA()));
    double[] scaleB = HostTensors.doubles(java.util.Objects.requireNonNull(args.scaleB()));
    double sum = HostTensors.doubles(java.util.Objects.requireNonNull(args.bias()))[2];
    for (int k = 0; k < 200; k++) {
      sum += a[200 + k] * scaleA[2 + k / 128] * b[400 + k] * scaleB[k / 128];
    }
    assertThat(HostTensors.doubles(args.c())[5]).isEqualTo((float) sum);
  }
}

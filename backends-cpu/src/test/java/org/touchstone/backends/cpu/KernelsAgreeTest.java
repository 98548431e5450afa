package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.micro.RowKernels;
import org.touchstone.backends.cpu.simd.SimdDevice;
import org.touchstone.backends.cpu.simd.VectorKernels;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.Plan;

/** All micro-kernels that run here, against the Vector API's. */
class KernelsAgreeTest {
  private static final long SEED = 20261123;
  private static final int[] COUNTS = {1, 3, 4, 7, 8, 15, 16, 31, 33, 64, 100, 2048};

  static Stream<MicroKernels> kernels() {
    return TestKernels.all().stream();
  }

  private static float[] numbers(int count, long stream) {
    SplittableRandom random = new SplittableRandom(SEED + stream);
    float[] x = new float[RowKernels.ROW];
    for (int i = 0; i < count; i++) {
      x[i] = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(-20, 9)));
    }
    if (count > 20) {
      x[5] = Float.NaN;
      x[9] = Float.POSITIVE_INFINITY;
      x[17] = -Float.MIN_VALUE;
    }
    return x;
  }

  /** Functions without sums are defined bit by bit where products are fused with sums. */
  @ParameterizedTest
  @MethodSource("kernels")
  void conversionsAndCodesHaveTheSameBits(MicroKernels kernels) {
    try (Arena arena = Arena.ofConfined()) {
      for (int count : COUNTS) {
        float[] x = numbers(count, count);
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
          long bytes = (long) count * dtype.bits() / Byte.SIZE;
          MemorySegment mine = arena.allocate(bytes + 2);
          MemorySegment expected = arena.allocate(bytes + 2);
          kernels.store(x, 0, mine, 1, dtype, count);
          VectorKernels.INSTANCE.store(x, 0, expected, 1, dtype, count);
          assertThat(mine.mismatch(expected)).as("store %s %d", dtype, count).isEqualTo(-1);
        }
        float[] rounded = x.clone();
        float[] expected = x.clone();
        kernels.round(rounded, count);
        VectorKernels.INSTANCE.round(expected, count);
        assertThat(bits(rounded, count)).isEqualTo(bits(expected, count));
        float[] finite = numbers(Math.min(count, 20), count);
        assertThat(Float.floatToIntBits(kernels.amax(x, count)))
            .isEqualTo(Float.floatToIntBits(VectorKernels.INSTANCE.amax(x, count)));
        for (float scale : new float[] {1, 0.37f, Float.POSITIVE_INFINITY, Float.NaN}) {
          MemorySegment codes = arena.allocate(count);
          MemorySegment wanted = arena.allocate(count);
          kernels.quantise(count > 20 ? x : finite, count, scale, 448, codes, 0);
          VectorKernels.INSTANCE.quantise(count > 20 ? x : finite, count, scale, 448, wanted, 0);
          assertThat(codes.mismatch(wanted)).as("codes %d scale %s", count, scale).isEqualTo(-1);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void everyCodeOfEveryTypeIsReadAsTheReferenceReadsIt(MicroKernels kernels) {
    try (Arena arena = Arena.ofConfined()) {
      for (DType dtype : List.of(DType.E4M3FN, DType.BF16, DType.F16)) {
        int all = 1 << dtype.bits();
        int bytes = dtype.bits() / Byte.SIZE;
        MemorySegment memory = arena.allocate((long) all * bytes);
        for (int code = 0; code < all; code++) {
          for (int b = 0; b < bytes; b++) {
            memory.set(ValueLayout.JAVA_BYTE, (long) code * bytes + b, (byte) (code >> (8 * b)));
          }
        }
        float[] mine = new float[all];
        float[] expected = new float[all];
        kernels.load(memory, 0, dtype, mine, 0, all);
        VectorKernels.INSTANCE.load(memory, 0, dtype, expected, 0, all);
        for (int i = 0; i < all; i++) {
          assertThat(Float.floatToIntBits(mine[i]))
              .as("%s code %d", dtype, i)
              .isEqualTo(Float.floatToIntBits(expected[i]));
        }
      }
    }
  }

  private static int[] bits(float[] x, int count) {
    int[] bits = new int[count];
    for (int i = 0; i < count; i++) {
      bits[i] = Float.floatToIntBits(x[i]);
    }
    return bits;
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void functionsAgree(MicroKernels kernels) {
    MicroKernels twin = VectorKernels.INSTANCE;
    for (int count : COUNTS) {
      SplittableRandom random = new SplittableRandom(SEED);
      float[] x = new float[RowKernels.ROW];
      float[] y = new float[RowKernels.ROW];
      for (int i = 0; i < count; i++) {
        x[i] = (float) random.nextGaussian();
        y[i] = (float) random.nextGaussian();
      }
      for (Activation.Kind kind : Activation.Kind.values()) {
        Activation activation = new Activation(kind, 1.5f, Activation.GateLayout.GATE_FIRST);
        float[] a = x.clone();
        float[] b = x.clone();
        kernels.gatedAct(activation, a, y.clone(), count);
        twin.gatedAct(activation, b, y.clone(), count);
        near(a, b, count, kind.name());
      }
      for (RowKernels.Weighting weighting : RowKernels.Weighting.values()) {
        float[] a = x.clone();
        float[] b = x.clone();
        kernels.normalise(a, count, 0.7f, y, weighting);
        twin.normalise(b, count, 0.7f, y, weighting);
        assertThat(bits(a, count)).as(weighting.name()).isEqualTo(bits(b, count));
      }
      float[] a = x.clone();
      float[] b = x.clone();
      kernels.exp(a, count, 0.5f);
      twin.exp(b, count, 0.5f);
      near(a, b, count, "exp");
      kernels.gate(a, y.clone(), count, RowKernels.Rounding.BF16);
      twin.gate(b, y.clone(), count, RowKernels.Rounding.BF16);
      near(a, b, count, "gate");
      assertThat(kernels.squareSum(x, count))
          .isCloseTo(twin.squareSum(x, count), within(1e-5f * count));
    }
  }

  /** The same bits where the processor fuses products with sums. */
  @ParameterizedTest
  @MethodSource("kernels")
  void rotationsAgree(MicroKernels kernels) {
    float[] cos = new float[RowKernels.ROW];
    float[] sin = new float[RowKernels.ROW];
    for (int i = 0; i < RowKernels.ROW; i++) {
      cos[i] = (float) Math.cos(i);
      sin[i] = (float) Math.sin(i);
    }
    try (Arena arena = Arena.ofConfined()) {
      for (DType dtype : List.of(DType.F32, DType.BF16)) {
        for (int pairs : COUNTS) {
          for (int distance : new int[] {1, pairs + 1, pairs + 3}) {
            rotated(kernels, arena, dtype, cos, sin, pairs, distance);
          }
        }
      }
    }
  }

  private static void rotated(
      MicroKernels kernels,
      Arena arena,
      DType dtype,
      float[] cos,
      float[] sin,
      int pairs,
      int distance) {
    int heads = 3;
    int width = 2 * pairs + distance + 5;
    Tensor x = HostTensors.allocate(arena, dtype, heads, width);
    SplittableRandom random = new SplittableRandom(SEED + pairs);
    double[] values = new double[heads * width];
    Arrays.setAll(values, i -> random.nextGaussian());
    HostTensors.write(x, values, Saturation.SAT);
    Tensor mine = HostTensors.allocate(arena, dtype, heads, width);
    Tensor wanted = HostTensors.allocate(arena, dtype, heads, width);
    kernels.rotate(rows(x), rows(mine), cos, sin, pairs, distance);
    VectorKernels.INSTANCE.rotate(rows(x), rows(wanted), cos, sin, pairs, distance);
    double[] a = HostTensors.doubles(mine);
    double[] b = HostTensors.doubles(wanted);
    double error = !kernels.name().contains("portable") ? 0 : dtype == DType.F32 ? 0x1p-21 : 0x1p-6;
    for (int i = 0; i < a.length; i++) {
      // What belongs to no pair stays zero.
      assertThat(a[i])
          .as("%s %s pairs %d distance %d element %d", kernels.name(), dtype, pairs, distance, i)
          .isCloseTo(b[i], within(error * Math.abs(b[i]) + error / 8));
    }
    kernels.rotate(rows(x), rows(x), cos, sin, pairs, distance);
    double[] inPlace = HostTensors.doubles(x);
    for (int i = 0; i < a.length; i++) {
      assertThat(inPlace[i]).as("in place").isEqualTo(a[i] == 0 ? inPlace[i] : a[i]);
    }
  }

  private static RowKernels.HeadRows rows(Tensor tensor) {
    return new RowKernels.HeadRows(
        tensor.buffer().host(),
        0,
        tensor.dtype(),
        Math.toIntExact(tensor.dim(0)),
        tensor.dim(1) * tensor.dtype().bits() / Byte.SIZE);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void routesAgree(MicroKernels kernels) {
    MicroKernels twin = VectorKernels.INSTANCE;
    for (int count : COUNTS) {
      float[] x = numbers(count, count);
      for (int i = 0; i < count; i++) {
        // Ties, infinities and NaN among them.
        x[i] = i % 3 == 0 ? i % 5 : x[i];
      }
      int possible = (int) IntStream.range(0, count).filter(i -> !Float.isNaN(x[i])).count();
      for (int k : new int[] {1, Math.min(8, possible), possible}) {
        int[] mine = new int[k];
        int[] wanted = new int[k];
        kernels.top(x, count, mine, k);
        twin.top(x, count, wanted, k);
        assertThat(mine).as("%s top %d of %d", kernels.name(), k, count).isEqualTo(wanted);
        assertThat(wanted).as("sorted, the lower index first").isEqualTo(sorted(x, count, k));
      }
      for (int i = 0; i < count; i++) {
        x[i] = Float.isFinite(x[i]) ? x[i] : -200;
      }
      float[] a = x.clone();
      float[] b = x.clone();
      kernels.softmax(a, count);
      twin.softmax(b, count);
      near(a, b, count, "softmax");
      a = x.clone();
      b = x.clone();
      kernels.sigmoid(a, count);
      twin.sigmoid(b, count);
      near(a, b, count, "sigmoid");
      Arrays.fill(a, 0, count, Float.NEGATIVE_INFINITY);
      kernels.softmax(a, count);
      assertThat(Arrays.copyOf(a, count)).containsOnly(0f);
    }
  }

  private static int[] sorted(float[] x, int count, int k) {
    return IntStream.range(0, count)
        .filter(i -> !Float.isNaN(x[i]))
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -x[i]))
        .limit(k)
        .mapToInt(i -> i)
        .toArray();
  }

  private static void near(float[] a, float[] b, int count, String what) {
    for (int i = 0; i < count; i++) {
      assertThat(a[i]).as(what).isCloseTo(b[i], within(4e-3f * Math.abs(b[i]) + 1e-6f));
    }
  }

  @Test
  void packedWeightsComeBackBitByBitAndGiveTheSameBits() {
    for (MicroKernels kernels : TestKernels.all()) {
      for (GemmOperands operands :
          List.of(GemmOperands.F32, GemmOperands.BF16, GemmOperands.FP8_TENSOR)) {
        DType dtype = operands.dtype();
        Layout layout = kernels.preferredWeights(dtype);
        assertThat(layout).isEqualTo(PackedWeights.LAYOUT);
        for (long[] size : new long[][] {{1, 1}, {64, 128}, {65, 129}, {130, 300}}) {
          for (int m : new int[] {1, 3, 9, 40}) {
            packed(kernels, operands, layout, m, size[0], size[1]);
          }
        }
      }
    }
  }

  private static void packed(
      MicroKernels kernels, GemmOperands operands, Layout layout, int m, long n, long k) {
    DType dtype = operands.dtype();
    try (TestTensors tensors = new TestTensors(SEED);
        SimdDevice device =
            new SimdDevice(new CpuMemory.Source(), new CpuThreads(2), kernels, CpuQueue::new)) {
      Tensor plain = tensors.normal(dtype, n, k);
      Tensor store = tensors.empty(DType.U8, device.packedBytes(plain, layout));
      assertThat(store.storageBytes()).isEqualTo(PackedWeights.bytes(dtype, n, k));
      Tensor packed =
          Tensor.packed(store.buffer(), dtype, plain.shape(), 0, layout, store.storageBytes());
      device.pack(plain, packed);
      Tensor back = tensors.empty(dtype, n, k);
      device.unpack(packed, back);
      assertThat(HostTensors.codes(back)).containsExactly(HostTensors.codes(plain));
      Tensor a = tensors.normal(dtype, m, k);
      Tensor one = operands.scaled() ? tensors.of(DType.F32, new double[] {0.5}, 1) : null;
      GemmSpec spec = GemmSpec.of(operands, n, k, DType.F32);
      Tensor c = tensors.empty(DType.F32, m, n);
      Tensor d = tensors.empty(DType.F32, m, n);
      run(device, spec, new GemmArgs(a, plain, one, one, null, c));
      run(device, spec.withWeightLayout(layout), new GemmArgs(a, packed, one, one, null, d));
      assertThat(HostTensors.codes(d))
          .as("%s %s m %d n %d k %d", kernels.name(), dtype, m, n, k)
          .containsExactly(HostTensors.codes(c));
    }
  }

  private static void run(SimdDevice device, GemmSpec spec, GemmArgs args) {
    Plan.Runs<GemmArgs> plan = (Plan.Runs<GemmArgs>) device.plan(spec);
    plan.build().get().launch(new CpuQueue(), args, device.memory().allocate(1));
  }
}

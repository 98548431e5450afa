package org.touchstone.benchmarks;

import java.lang.foreign.Arena;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.touchstone.api.Buffer;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.micro.Weight;

/** Rows times 64 columns of a weight that stays in the caches: one task of a matrix product. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ProductBenchmark {
  static final int K = 2048;

  /** Provider. */
  @Param public Kernels.Provider provider = Kernels.Provider.VECTOR;

  /** Type of both operands. */
  @Param({"E4M3FN", "BF16", "F32"})
  public DType dtype = DType.F32;

  /** Rows. */
  @Param({"1", "8", "96"})
  public int m;

  private final Arena arena = Arena.ofShared();
  private final float[] out = new float[MicroKernels.PRODUCT_RESULT];
  private MicroKernels kernels = Kernels.Provider.VECTOR.kernels();
  private Kernels.Rows rows = new Kernels.Rows(Kernels.numbers(arena, DType.F32, 1, 1), null);
  private Weight weight = Weight.of(rows.tensor(), null, 0);

  /** Makes operands; weights are packed where the provider prefers that. */
  @Setup
  public void prepare() {
    kernels = provider.kernels();
    boolean scaled = dtype == DType.E4M3FN;
    int blocks = K / Weight.BLOCK;
    rows =
        new Kernels.Rows(
            Kernels.numbers(arena, dtype, m, K),
            scaled ? Kernels.numbers(arena, DType.F32, m, blocks) : null);
    Tensor plain = Kernels.numbers(arena, dtype, MicroKernels.PRODUCT_COLUMNS, K);
    weight =
        Weight.of(packed(plain), scaled ? Kernels.numbers(arena, DType.F32, 1, blocks) : null, 0);
  }

  private Tensor packed(Tensor plain) {
    Layout layout = kernels.preferredWeights(dtype);
    if (layout.plain()) {
      return plain;
    }
    long bytes = PackedWeights.bytes(dtype, plain.dim(0), plain.dim(1));
    Tensor packed =
        Tensor.packed(
            Buffer.ofHost(arena.allocate(bytes, 64)),
            dtype,
            Shape.of(plain.dim(0), plain.dim(1)),
            0,
            layout,
            bytes);
    kernels.pack(plain, packed);
    return packed;
  }

  /** Multiplies. */
  @Benchmark
  public float[] product() {
    kernels.product(rows, m, weight, 0, MicroKernels.PRODUCT_COLUMNS, out);
    return out;
  }

  /** Frees the operands. */
  @TearDown
  public void close() {
    arena.close();
  }
}

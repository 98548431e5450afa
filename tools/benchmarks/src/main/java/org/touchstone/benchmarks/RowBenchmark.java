package org.touchstone.benchmarks;

import java.lang.foreign.Arena;
import java.util.Arrays;
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
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.RowKernels;

/** Functions of a row in the caches: normalisation, exponential, activation, conversion. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RowBenchmark {
  private static final int COUNT = 7168;

  /** Provider. */
  @Param public Kernels.Provider provider = Kernels.Provider.VECTOR;

  private final Arena arena = Arena.ofShared();
  private final Tensor narrow = Kernels.numbers(arena, DType.BF16, COUNT);
  private final float[] row = new float[COUNT];
  private final float[] other = new float[COUNT];
  private MicroKernels kernels = Kernels.Provider.VECTOR.kernels();

  /** Fills the rows. */
  @Setup
  public void prepare() {
    kernels = provider.kernels();
    Arrays.fill(other, 1);
  }

  /** Widens BF16. */
  @Benchmark
  public float[] load() {
    kernels.load(narrow.buffer().host(), 0, DType.BF16, row, 0, COUNT);
    return row;
  }

  /** Rounds to BF16. */
  @Benchmark
  public Tensor store() {
    kernels.store(other, 0, narrow.buffer().host(), 0, DType.BF16, COUNT);
    return narrow;
  }

  /** Sums up squares and normalises. */
  @Benchmark
  public float[] normalise() {
    float factor = (float) (1 / Math.sqrt(kernels.squareSum(other, COUNT) / COUNT));
    Arrays.fill(row, 1);
    kernels.normalise(row, COUNT, factor, other, RowKernels.Weighting.WEIGHT);
    return row;
  }

  /** Takes exponentials. */
  @Benchmark
  public float[] exponential() {
    Arrays.fill(row, 1);
    kernels.exp(row, COUNT, 2);
    return row;
  }

  /** Activates gates. */
  @Benchmark
  public float[] gatedActivation() {
    Arrays.fill(row, 1);
    kernels.gatedAct(org.touchstone.api.op.Activation.SWIGLU, row, other, COUNT);
    return row;
  }

  /** Frees the operands. */
  @TearDown
  public void close() {
    arena.close();
  }
}

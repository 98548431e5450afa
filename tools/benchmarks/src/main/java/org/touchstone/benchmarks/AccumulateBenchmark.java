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
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.Weight;

/** Rows times a weight whose rows are the terms: how latent attention absorbs its projections. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AccumulateBenchmark {
  private static final int TERMS = 128;
  private static final int COLUMNS = 512;

  /** Provider. */
  @Param public Kernels.Provider provider = Kernels.Provider.VECTOR;

  /** Rows. */
  @Param({"1", "64"})
  public int m;

  private final Arena arena = Arena.ofShared();
  private final Kernels.Rows rows =
      new Kernels.Rows(Kernels.numbers(arena, DType.BF16, 64, TERMS), null);
  private final Weight weight =
      Weight.of(Kernels.numbers(arena, DType.BF16, TERMS, COLUMNS), null, 0);
  private final Tensor result = Kernels.numbers(arena, DType.F32, 64, COLUMNS);
  private MicroKernels kernels = Kernels.Provider.VECTOR.kernels();

  /** Chooses the provider. */
  @Setup
  public void prepare() {
    kernels = provider.kernels();
  }

  /** Multiplies. */
  @Benchmark
  public Tensor accumulate() {
    kernels.accumulate(
        rows, m, weight, TERMS, result.buffer().host(), 0, (long) COLUMNS * Float.BYTES);
    return result;
  }

  /** Frees the operands. */
  @TearDown
  public void close() {
    arena.close();
  }
}

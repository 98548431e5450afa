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

/** Functions of a row in the caches: normalisation, activation, conversion, rotation, routing. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RowBenchmark {
  /** As long as a call may be. */
  private static final int COUNT = RowKernels.ROW;

  private static final int HEADS = 32;
  private static final int HEAD_DIM = 128;
  private static final int EXPERTS = 256;

  /** Provider. */
  @Param public Kernels.Provider provider = Kernels.Provider.VECTOR;

  private final Arena arena = Arena.ofShared();
  private final Tensor narrow = Kernels.numbers(arena, DType.BF16, COUNT);
  private final Tensor heads = Kernels.numbers(arena, DType.BF16, HEADS, HEAD_DIM);
  private final int[] best = new int[8];
  private final float[] scores = new float[EXPERTS];
  private final float[] row = new float[COUNT];
  private final float[] other = new float[COUNT];
  private MicroKernels kernels = Kernels.Provider.VECTOR.kernels();

  /** Fills the rows. */
  @Setup
  public void prepare() {
    kernels = provider.kernels();
    Arrays.fill(other, 1);
    for (int i = 0; i < EXPERTS; i++) {
      scores[i] = (i * 37 % EXPERTS) / 64f;
    }
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

  /** Adds. */
  @Benchmark
  public float[] add() {
    kernels.add(row, other, COUNT, RowKernels.Rounding.NONE);
    return row;
  }

  /** Adds a multiple. */
  @Benchmark
  public float[] addScaled() {
    kernels.addScaled(row, other, 0.5f, COUNT);
    return row;
  }

  /** Rotates the halves of a token's heads. */
  @Benchmark
  public Tensor rotateHalves() {
    return rotated(HEAD_DIM / 2);
  }

  /** Rotates the neighbours of a token's heads. */
  @Benchmark
  public Tensor rotateNeighbours() {
    return rotated(1);
  }

  private Tensor rotated(long distance) {
    RowKernels.HeadRows rows =
        new RowKernels.HeadRows(
            heads.buffer().host(), 0, DType.BF16, HEADS, (long) HEAD_DIM * Short.BYTES);
    kernels.rotate(rows, rows, other, scores, HEAD_DIM / 2, distance);
    return heads;
  }

  /** Scores a token's experts by softmax. */
  @Benchmark
  public float[] softmax() {
    System.arraycopy(scores, 0, row, 0, EXPERTS);
    kernels.softmax(row, EXPERTS);
    return row;
  }

  /** Scores a token's experts by the logistic function. */
  @Benchmark
  public float[] sigmoid() {
    System.arraycopy(scores, 0, row, 0, EXPERTS);
    kernels.sigmoid(row, EXPERTS);
    return row;
  }

  /** Chooses a token's experts. */
  @Benchmark
  public int[] top() {
    kernels.top(scores, EXPERTS, best, best.length);
    return best;
  }

  /** Frees the operands. */
  @TearDown
  public void close() {
    arena.close();
  }
}

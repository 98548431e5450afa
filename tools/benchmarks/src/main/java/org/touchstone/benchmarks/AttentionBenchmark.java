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
import org.touchstone.backends.cpu.micro.AttentionTile;

/** A tile of queries over blocks of keys: the recurrence of attention. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AttentionBenchmark {
  static final int DIM = 128;
  static final int KEYS = 1024;

  /** Provider. */
  @Param public Kernels.Provider provider = Kernels.Provider.VECTOR;

  /** Queries: the heads that share a key head when decoding, a full tile in a prompt. */
  @Param({"8", "64"})
  public int rows;

  private final Arena arena = Arena.ofShared();
  private final Tensor queries = Kernels.numbers(arena, DType.BF16, AttentionTile.ROWS, DIM);
  private final Tensor keys = Kernels.numbers(arena, DType.BF16, KEYS, DIM);
  private final Tensor output = Kernels.numbers(arena, DType.F32, AttentionTile.ROWS, DIM);
  private AttentionTile tile =
      Kernels.Provider.VECTOR.kernels().attentionTile(DIM, DIM, AttentionTile.Values.SEPARATE);

  /** Makes the tile. */
  @Setup
  public void prepare() {
    tile = provider.kernels().attentionTile(DIM, DIM, AttentionTile.Values.SEPARATE);
  }

  /** Attends. */
  @Benchmark
  public Tensor attend() {
    tile.clear();
    long rowBytes = (long) DIM * Short.BYTES;
    for (int row = 0; row < rows; row++) {
      tile.query(tile.add(0, KEYS), 0, queries.buffer().host(), row * rowBytes, DType.BF16, DIM);
    }
    tile.attend(
        (to, first, count, at) -> {
          to.keys(at, count, 0, keys.buffer().host(), first * rowBytes, rowBytes, DType.BF16, DIM);
          to.values(at, count, keys.buffer().host(), first * rowBytes, rowBytes, DType.BF16);
        },
        0,
        KEYS,
        0.088f,
        0);
    for (int row = 0; row < rows; row++) {
      tile.output(
          row,
          Float.NEGATIVE_INFINITY,
          output.buffer().host(),
          (long) row * DIM * Float.BYTES,
          DType.F32);
    }
    return output;
  }

  /** Frees the operands. */
  @TearDown
  public void close() {
    arena.close();
  }
}

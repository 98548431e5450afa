package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.MoeCombineArgs;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/**
 * Adds a token's expert rows in slot order, a strip of columns at a time, so the sum stays in
 * cache.
 */
final class MoeCombineKernel implements Kernel<MoeCombineArgs> {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final int STRIP = 1024;
  private static final ThreadLocal<float[][]> SCRATCH =
      ThreadLocal.withInitial(() -> new float[2][STRIP]);

  private final MoeCombineSpec spec;
  private final CpuThreads threads;

  private MoeCombineKernel(MoeCombineSpec spec, CpuThreads threads) {
    this.spec = spec;
    this.threads = threads;
  }

  static Plan<MoeCombineArgs> plan(MoeCombineSpec spec, CpuThreads threads) {
    KernelTraits traits = KernelTraits.PLAIN_F32.with(Chain.lanes(1, 1));
    return Plan.runs("moe_combine.strip", traits, new MoeCombineKernel(spec, threads));
  }

  @Override
  public void launch(BackendQueue queue, MoeCombineArgs args, DeviceMemory workspace) {
    long tokens = args.y().dim(0);
    threads.forEach(tokens, spec.hidden() * spec.topK(), t -> token(args, t));
  }

  private void token(MoeCombineArgs args, long t) {
    MemorySegment weights = Memories.host(args.weights());
    MemorySegment positions = Memories.host(args.positions());
    long weightRow = 4 * t * args.weights().strides().step(0);
    long positionRow = 4 * t * args.positions().strides().step(0);
    float[] sum = SCRATCH.get()[0];
    float[] row = SCRATCH.get()[1];
    for (long column = 0; column < spec.hidden(); column += STRIP) {
      int count = (int) Math.min(STRIP, spec.hidden() - column);
      java.util.Arrays.fill(sum, 0, count, 0f);
      for (long j = 0; j < spec.topK(); j++) {
        int position = positions.get(ValueLayout.JAVA_INT_UNALIGNED, positionRow + 4 * j);
        if (position >= 0) {
          load(args.o(), position, column, row, count);
          addScaled(
              sum, row, weights.get(ValueLayout.JAVA_FLOAT_UNALIGNED, weightRow + 4 * j), count);
        }
      }
      if (args.shared() != null) {
        load(args.shared(), t, column, row, count);
        addScaled(sum, row, 1f, count);
      }
      Tensor y = args.y();
      long bytes = y.dtype().bits() / 8;
      FloatRows.store(
          sum, 0, Memories.host(y), (t * y.strides().step(0) + column) * bytes, y.dtype(), count);
    }
  }

  private static void load(Tensor from, long rowNumber, long column, float[] to, int count) {
    long bytes = from.dtype().bits() / 8;
    FloatRows.load(
        Memories.host(from),
        (rowNumber * from.strides().step(0) + column) * bytes,
        from.dtype(),
        to,
        0,
        count);
  }

  /** Adds {@code weight * row} with fused multiply-add. */
  static void addScaled(float[] sum, float[] row, float weight, int count) {
    int i = 0;
    for (; i <= count - F.length(); i += F.length()) {
      FloatVector.fromArray(F, row, i)
          .lanewise(
              jdk.incubator.vector.VectorOperators.FMA,
              FloatVector.broadcast(F, weight),
              FloatVector.fromArray(F, sum, i))
          .intoArray(sum, i);
    }
    for (; i < count; i++) {
      sum[i] = Math.fma(row[i], weight, sum[i]);
    }
  }
}

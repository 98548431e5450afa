package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.MoeCombineArgs;
import org.touchstone.api.op.MoeCombineSpec;
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

  private final MoeCombineSpec spec;
  private final Engine engine;

  private MoeCombineKernel(MoeCombineSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
  }

  static Plan<MoeCombineArgs> plan(MoeCombineSpec spec, Engine engine) {
    KernelTraits traits = KernelTraits.PLAIN_F32.with(Chain.lanes(1, 1));
    return Plan.runs("moe_combine.strip", traits, new MoeCombineKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, MoeCombineArgs args, DeviceMemory workspace) {
    long tokens = args.y().dim(0);
    engine.forEach(tokens, spec.hidden() * spec.topK(), t -> token(args, t));
  }

  private void token(MoeCombineArgs args, long t) {
    MemorySegment weights = Memories.host(args.weights());
    MemorySegment positions = Memories.host(args.positions());
    long weightRow = 4 * t * args.weights().strides().step(0);
    long positionRow = 4 * t * args.positions().strides().step(0);
    Strip strip = Strip.mine();
    TensorRows o = TensorRows.of(args.o(), engine.kernels());
    TensorRows y = TensorRows.of(args.y(), engine.kernels());
    for (long column = 0; column < spec.hidden(); column += Strip.LENGTH) {
      int count = Strip.count(spec.hidden(), column);
      Arrays.fill(strip.a, 0, count, 0f);
      for (long j = 0; j < spec.topK(); j++) {
        int position = positions.get(ValueLayout.JAVA_INT_UNALIGNED, positionRow + 4 * j);
        if (position >= 0) {
          o.load(position, column, strip.b, 0, count);
          float weight = weights.get(ValueLayout.JAVA_FLOAT_UNALIGNED, weightRow + 4 * j);
          engine.kernels().addScaled(strip.a, strip.b, weight, count);
        }
      }
      if (args.shared() != null) {
        TensorRows.of(args.shared(), engine.kernels()).load(t, column, strip.b, 0, count);
        engine.kernels().addScaled(strip.a, strip.b, 1f, count);
      }
      y.store(t, column, strip.a, 0, count);
    }
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

package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.EmbeddingArgs;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/** Gathers rows: copies bytes when nothing changes them, scales strip by strip otherwise. */
final class EmbeddingKernel implements Kernel<EmbeddingArgs> {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  private final EmbeddingSpec spec;
  private final Engine engine;

  private EmbeddingKernel(EmbeddingSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
  }

  static Plan<EmbeddingArgs> plan(EmbeddingSpec spec, Engine engine) {
    return Plan.runs("embedding.strips", KernelTraits.PLAIN_F32, new EmbeddingKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, EmbeddingArgs args, DeviceMemory workspace) {
    MemorySegment ids = Memories.host(args.ids());
    TensorRows table = TensorRows.of(args.table(), engine.kernels());
    TensorRows y = TensorRows.of(args.y(), engine.kernels());
    long idPitch = Integer.BYTES * args.ids().strides().step(0);
    boolean unchanged = spec.scale() == 1f && spec.table() == spec.output();
    engine.forEach(
        args.y().dim(0),
        spec.hidden(),
        token -> {
          int id = ids.get(ValueLayout.JAVA_INT_UNALIGNED, token * idPitch);
          if (id < 0 || id >= spec.vocabulary()) {
            fill(y, token, id == -1 ? 0f : Float.NaN);
          } else if (unchanged) {
            MemorySegment.copy(
                table.memory,
                table.offset(id, 0),
                y.memory,
                y.offset(token, 0),
                spec.hidden() * Strip.bytes(spec.output()));
          } else {
            scale(table, id, y, token);
          }
        });
  }

  private void fill(TensorRows y, long token, float value) {
    Strip strip = Strip.mine();
    Arrays.fill(strip.a, value);
    for (long from = 0; from < spec.hidden(); from += Strip.LENGTH) {
      y.store(token, from, strip.a, 0, Strip.count(spec.hidden(), from));
    }
  }

  private void scale(TensorRows table, int id, TensorRows y, long token) {
    Strip strip = Strip.mine();
    for (long from = 0; from < spec.hidden(); from += Strip.LENGTH) {
      int count = Strip.count(spec.hidden(), from);
      table.load(id, from, strip.a, 0, count);
      for (int i = 0; i < count; i += F.length()) {
        FloatVector.fromArray(F, strip.a, i).mul(spec.scale()).intoArray(strip.a, i);
      }
      y.store(token, from, strip.a, 0, count);
    }
  }
}

package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Accumulator;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.SampleArgs;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * Draws tokens: weights of a row go to the workspace, {@link SampleFilter} keeps candidates and
 * draws one of them.
 */
final class SampleKernel implements Kernel<SampleArgs> {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final float NONE = Float.NEGATIVE_INFINITY;

  /** Rough cost of a token in element operations. */
  private static final int COST = 16;

  private final SampleSpec spec;
  private final long vocabulary;
  private final Engine engine;

  private SampleKernel(SampleSpec spec, Engine engine) {
    this.spec = spec;
    this.vocabulary = spec.vocabulary();
    this.engine = engine;
  }

  static Plan<SampleArgs> plan(SampleSpec spec, Engine engine) {
    return Plan.runs(
        spec.random() ? "sample.radix" : "sample.argmax",
        KernelTraits.PLAIN_F32.with(Accumulator.F64).with(VectorMath.ULPS),
        new SampleKernel(spec, engine));
  }

  private long tasks(SampleArgs args) {
    return Math.min(args.ids().dim(0), engine.threads().count());
  }

  @Override
  public long workspaceBytes(SampleArgs args) {
    return spec.random() ? tasks(args) * vocabulary * (Float.BYTES + Integer.BYTES) : 0;
  }

  @Override
  public void launch(BackendQueue queue, SampleArgs args, DeviceMemory workspace) {
    long rows = args.ids().dim(0);
    if (rows == 0) {
      return;
    }
    TensorRows logits = TensorRows.of(args.logits(), engine.kernels());
    TensorRows ids = TensorRows.of(args.ids(), engine.kernels());
    long tasks = tasks(args);
    engine.forEach(
        tasks,
        COST * vocabulary * Math.ceilDiv(rows, tasks),
        task -> {
          for (long row = task; row < rows; row += tasks) {
            float max = max(logits, row);
            int id = -1;
            if (max != NONE) {
              id =
                  spec.random()
                      ? draw(logits, row, max, uniform(args, row), workspace(workspace, task))
                      : find(logits, row, max);
            }
            ids.memory.set(ValueLayout.JAVA_INT_UNALIGNED, ids.offset(row, 0), id);
          }
        });
  }

  private float uniform(SampleArgs args, long row) {
    if (args.uniform() == null) {
      return 0;
    }
    TensorRows uniform = TensorRows.of(args.uniform(), engine.kernels());
    return uniform.memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, uniform.offset(row, 0));
  }

  /**
   * Scratch of one task.
   *
   * @param weights F32 [V]
   * @param candidates I32 [V]
   */
  record Workspace(MemorySegment weights, MemorySegment candidates) {}

  private Workspace workspace(DeviceMemory memory, long task) {
    long bytes = vocabulary * Float.BYTES;
    MemorySegment host = memory.host().orElseThrow();
    return new Workspace(
        host.asSlice(2 * task * bytes, bytes), host.asSlice((2 * task + 1) * bytes, bytes));
  }

  /** Returns the largest logit; NaN counts as -Inf. */
  private float max(TensorRows logits, long row) {
    Strip strip = Strip.mine();
    float max = NONE;
    for (long from = 0; from < vocabulary; from += Strip.LENGTH) {
      int count = Strip.count(vocabulary, from);
      logits.load(row, from, strip.a, 0, count);
      max = Math.max(max, max(strip.a, count));
    }
    return max;
  }

  private static float max(float[] x, int count) {
    FloatVector max = FloatVector.broadcast(F, NONE);
    int i = 0;
    for (; i <= count - F.length(); i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      max = max.blend(v, v.compare(VectorOperators.GT, max));
    }
    float result = max.reduceLanes(VectorOperators.MAX);
    for (; i < count; i++) {
      result = x[i] > result ? x[i] : result;
    }
    return result;
  }

  /** Returns the first index of a logit. */
  private int find(TensorRows logits, long row, float value) {
    Strip strip = Strip.mine();
    for (long from = 0; from < vocabulary; from += Strip.LENGTH) {
      int count = Strip.count(vocabulary, from);
      logits.load(row, from, strip.a, 0, count);
      for (int i = 0; i < count; i++) {
        if (strip.a[i] == value) {
          return (int) from + i;
        }
      }
    }
    throw new IllegalStateException("logit " + value + " of row " + row + " is gone");
  }

  private int draw(TensorRows logits, long row, float max, float uniform, Workspace workspace) {
    float[] x = Strip.mine().a;
    for (long from = 0; from < vocabulary; from += Strip.LENGTH) {
      int count = Strip.count(vocabulary, from);
      logits.load(row, from, x, 0, count);
      exponents(x, max, count);
      engine.kernels().exp(x, count, 0);
      FloatRows.store(x, 0, workspace.weights(), from * Float.BYTES, DType.F32, count);
    }
    return new SampleFilter(spec, logits, row, workspace).draw(uniform);
  }

  /** Replaces logits by {@code (logit - max) / temperature}; infinities are all or nothing. */
  private void exponents(float[] x, float max, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      FloatVector exponent =
          v.sub(max).div(spec.temperature()).blend(0f, v.compare(VectorOperators.EQ, max));
      // NaN logits are the only NaN exponents left.
      exponent.blend(NONE, exponent.compare(VectorOperators.NE, exponent)).intoArray(x, i);
    }
  }
}

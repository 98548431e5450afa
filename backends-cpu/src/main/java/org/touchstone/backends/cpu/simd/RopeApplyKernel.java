package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeApplySpec.Direction;
import org.touchstone.api.op.RopeApplySpec.Pairing;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/**
 * Rotates a token's heads with its cosines and sines, which are read once. Neighbouring pairs use
 * vectors of doubled cosines and of sines with alternating signs: {@code y = x cc + swap(x) ss}.
 */
final class RopeApplyKernel implements Kernel<RopeApplyArgs> {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, i -> i ^ 1);

  private final RopeApplySpec spec;
  private final Engine engine;

  private RopeApplyKernel(RopeApplySpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
  }

  static Plan<RopeApplyArgs> plan(RopeApplySpec spec, Engine engine) {
    return Plan.runs(
        "rope_apply." + (spec.pairing() == Pairing.NEOX ? "neox" : "gptj"),
        KernelTraits.PLAIN_F32,
        new RopeApplyKernel(spec, engine));
  }

  /** Heads of a tensor [T, heads, D]. */
  private final class Heads {
    final MemorySegment memory;
    private final DType dtype;
    private final long tokenPitch;
    private final long headPitch;

    Heads(Tensor tensor) {
      memory = Memories.host(tensor);
      dtype = tensor.dtype();
      tokenPitch = tensor.strides().step(0);
      headPitch = tensor.strides().step(1);
    }

    long offset(long token, long head, long element) {
      return (token * tokenPitch + head * headPitch + element) * Strip.bytes(dtype);
    }

    void load(long token, long head, long element, float[] to, int count) {
      engine.kernels().load(memory, offset(token, head, element), dtype, to, 0, count);
    }

    void store(long token, long head, long element, float[] from, int count) {
      engine.kernels().store(from, 0, memory, offset(token, head, element), dtype, count);
    }
  }

  @Override
  public void launch(BackendQueue queue, RopeApplyArgs args, DeviceMemory workspace) {
    Heads x = new Heads(args.x());
    Heads y = new Heads(args.y());
    TensorRows cos = TensorRows.of(args.cos(), engine.kernels());
    TensorRows sin = TensorRows.of(args.sin(), engine.kernels());
    boolean inPlace = args.x().sameView(args.y());
    engine.forEach(
        args.x().dim(0),
        spec.heads() * spec.headDim(),
        token -> {
          if (!inPlace) {
            copy(x, y, token, 0, spec.offset());
            long end = spec.offset() + spec.rotaryDim();
            copy(x, y, token, end, spec.headDim() - end);
          }
          if (spec.pairing() == Pairing.NEOX) {
            halves(x, y, cos, sin, token);
          } else {
            neighbours(x, y, cos, sin, token);
          }
        });
  }

  private void copy(Heads x, Heads y, long token, long element, long count) {
    if (count > 0) {
      for (long head = 0; head < spec.heads(); head++) {
        MemorySegment.copy(
            x.memory,
            x.offset(token, head, element),
            y.memory,
            y.offset(token, head, element),
            count * Strip.bytes(spec.dtype()));
      }
    }
  }

  private void halves(Heads x, Heads y, TensorRows cos, TensorRows sin, long token) {
    Strip strip = Strip.mine();
    long pairs = spec.rotaryDim() / 2;
    for (long from = 0; from < pairs; from += Strip.LENGTH) {
      int count = Strip.count(pairs, from);
      cos.load(token, from, strip.c, 0, count);
      sin.load(token, from, strip.d, 0, count);
      if (spec.direction() == Direction.INVERSE) {
        negate(strip.d, count);
      }
      long first = spec.offset() + from;
      for (long head = 0; head < spec.heads(); head++) {
        x.load(token, head, first, strip.a, count);
        x.load(token, head, first + pairs, strip.b, count);
        rotateHalves(strip.a, strip.b, strip.c, strip.d, count);
        y.store(token, head, first, strip.a, count);
        y.store(token, head, first + pairs, strip.b, count);
      }
    }
  }

  private static void negate(float[] x, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector.fromArray(F, x, i).neg().intoArray(x, i);
    }
  }

  private static void rotateHalves(float[] a, float[] b, float[] cos, float[] sin, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector p = FloatVector.fromArray(F, a, i);
      FloatVector q = FloatVector.fromArray(F, b, i);
      FloatVector c = FloatVector.fromArray(F, cos, i);
      FloatVector s = FloatVector.fromArray(F, sin, i);
      p.fma(c, q.mul(s).neg()).intoArray(a, i);
      q.fma(c, p.mul(s)).intoArray(b, i);
    }
  }

  private void neighbours(Heads x, Heads y, TensorRows cos, TensorRows sin, long token) {
    Strip strip = Strip.mine();
    float sign = spec.direction() == Direction.INVERSE ? -1f : 1f;
    long rotated = spec.rotaryDim();
    for (long from = 0; from < rotated; from += Strip.LENGTH) {
      int count = Strip.count(rotated, from);
      cos.load(token, from / 2, strip.a, 0, count / 2);
      sin.load(token, from / 2, strip.b, 0, count / 2);
      for (int i = 0; i < count; i += 2) {
        strip.c[i] = strip.a[i / 2];
        strip.c[i + 1] = strip.a[i / 2];
        strip.d[i] = -sign * strip.b[i / 2];
        strip.d[i + 1] = sign * strip.b[i / 2];
      }
      for (long head = 0; head < spec.heads(); head++) {
        x.load(token, head, spec.offset() + from, strip.a, count);
        rotateNeighbours(strip.a, strip.c, strip.d, count);
        y.store(token, head, spec.offset() + from, strip.a, count);
      }
    }
  }

  private static void rotateNeighbours(float[] x, float[] cos, float[] sin, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      FloatVector swapped = v.rearrange(SWAP);
      v.fma(FloatVector.fromArray(F, cos, i), swapped.mul(FloatVector.fromArray(F, sin, i)))
          .intoArray(x, i);
    }
  }
}

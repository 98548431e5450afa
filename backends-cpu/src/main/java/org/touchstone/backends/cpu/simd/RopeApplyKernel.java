package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeApplySpec.Direction;
import org.touchstone.api.op.RopeApplySpec.Pairing;
import org.touchstone.backends.cpu.micro.RowKernels.HeadRows;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/** Rotates a token's heads with its cosines and sines, which are read once. */
final class RopeApplyKernel implements Kernel<RopeApplyArgs> {
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

    /** Returns the rows of a token's heads from an element on. */
    HeadRows rows(long token, long element) {
      return new HeadRows(
          memory,
          offset(token, 0, element),
          dtype,
          Math.toIntExact(spec.heads()),
          headPitch * Strip.bytes(dtype));
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
          rotate(x, y, cos, sin, token);
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

  private void rotate(Heads x, Heads y, TensorRows cos, TensorRows sin, long token) {
    Strip strip = Strip.mine();
    long pairs = spec.rotaryDim() / 2;
    boolean neighbours = spec.pairing() == Pairing.GPTJ;
    for (long from = 0; from < pairs; from += Strip.LENGTH) {
      int count = Strip.count(pairs, from);
      cos.load(token, from, strip.c, 0, count);
      sin.load(token, from, strip.d, 0, count);
      if (spec.direction() == Direction.INVERSE) {
        for (int i = 0; i < count; i++) {
          strip.d[i] = -strip.d[i];
        }
      }
      long first = spec.offset() + (neighbours ? 2 * from : from);
      engine
          .kernels()
          .rotate(
              x.rows(token, first),
              y.rows(token, first),
              strip.c,
              strip.d,
              count,
              neighbours ? 1 : pairs);
    }
  }
}

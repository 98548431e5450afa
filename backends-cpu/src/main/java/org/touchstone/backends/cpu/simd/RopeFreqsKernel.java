package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.RopeFreqsArgs;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Memories;
import org.touchstone.backends.spi.Plan;

/** Cosines and sines in FP64, rounded once; frequencies are computed with the kernel. */
final class RopeFreqsKernel implements Kernel<RopeFreqsArgs> {
  /** Rough cost of a cosine and a sine in element operations. */
  private static final int COST = 64;

  private final double[] frequencies;
  private final double factor;
  private final Engine engine;

  private RopeFreqsKernel(RopeFreqsSpec spec, Engine engine) {
    this.frequencies = spec.frequencies();
    this.factor = spec.attentionFactor();
    this.engine = engine;
  }

  static Plan<RopeFreqsArgs> plan(RopeFreqsSpec spec, Engine engine) {
    return new Plan.Runs<>(
        "rope_freqs.fp64",
        KernelTraits.PLAIN_F32.with(VectorMath.ULPS),
        () -> new RopeFreqsKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, RopeFreqsArgs args, DeviceMemory workspace) {
    MemorySegment positions = Memories.host(args.positions());
    TensorRows cos = TensorRows.of(args.cos(), engine.kernels());
    TensorRows sin = TensorRows.of(args.sin(), engine.kernels());
    long pitch = Integer.BYTES * args.positions().strides().step(0);
    engine.forEach(
        args.positions().dim(0),
        (long) COST * frequencies.length,
        token ->
            row(positions.get(ValueLayout.JAVA_INT_UNALIGNED, token * pitch), cos, sin, token));
  }

  private void row(int position, TensorRows cos, TensorRows sin, long token) {
    for (int i = 0; i < frequencies.length; i++) {
      // The rest of the product counts from position 2^29 on, where the angle alone is too coarse.
      double angle = position * frequencies[i];
      double rest = Math.fma(position, frequencies[i], -angle);
      double c = Math.cos(angle);
      double s = Math.sin(angle);
      cos.memory.set(
          ValueLayout.JAVA_FLOAT_UNALIGNED,
          cos.offset(token, i),
          (float) (factor * (c - rest * s)));
      sin.memory.set(
          ValueLayout.JAVA_FLOAT_UNALIGNED,
          sin.offset(token, i),
          (float) (factor * (s + rest * c)));
    }
  }
}

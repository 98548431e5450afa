package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.RopeFreqsArgs;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.backends.cpu.CpuThreads;
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
  private final CpuThreads threads;

  private RopeFreqsKernel(RopeFreqsSpec spec, CpuThreads threads) {
    this.frequencies = spec.frequencies();
    this.factor = spec.attentionFactor();
    this.threads = threads;
  }

  static Plan<RopeFreqsArgs> plan(RopeFreqsSpec spec, CpuThreads threads) {
    return new Plan.Runs<>(
        "rope_freqs.fp64",
        KernelTraits.PLAIN_F32.with(VectorMath.ULPS),
        () -> new RopeFreqsKernel(spec, threads));
  }

  @Override
  public void launch(BackendQueue queue, RopeFreqsArgs args, DeviceMemory workspace) {
    MemorySegment positions = Memories.host(args.positions());
    TensorRows cos = TensorRows.of(args.cos());
    TensorRows sin = TensorRows.of(args.sin());
    long pitch = Integer.BYTES * args.positions().strides().step(0);
    threads.forEach(
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

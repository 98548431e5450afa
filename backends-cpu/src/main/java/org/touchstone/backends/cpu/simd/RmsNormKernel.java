package org.touchstone.backends.cpu.simd;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * Normalises rows in two passes, of which the second finds the row in scratch when it is one strip.
 */
final class RmsNormKernel implements Kernel<RmsNormArgs> {
  private final long hidden;
  private final RmsNormStrips norm;
  private final Engine engine;

  private RmsNormKernel(RmsNormSpec spec, Engine engine) {
    this.hidden = spec.hidden();
    this.norm =
        new RmsNormStrips(spec.variant(), hidden, spec.eps(), spec.output(), engine.kernels());
    this.engine = engine;
  }

  static Plan<RmsNormArgs> plan(RmsNormSpec spec, Engine engine) {
    KernelTraits traits =
        KernelTraits.PLAIN_F32
            .with(engine.kernels().squareSumChain())
            .with(engine.kernels().ulps());
    return Plan.runs("rms_norm.strips", traits, new RmsNormKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, RmsNormArgs args, DeviceMemory workspace) {
    TensorRows x = TensorRows.of(args.x(), engine.kernels());
    @Nullable TensorRows w = args.w() == null ? null : TensorRows.of(args.w(), engine.kernels());
    @Nullable TensorRows z = args.z() == null ? null : TensorRows.of(args.z(), engine.kernels());
    TensorRows y = TensorRows.of(args.y(), engine.kernels());
    long rows = args.x().dim(0);
    long perTask = Strip.rowsPerTask(hidden);
    engine.forEach(
        Math.ceilDiv(rows, perTask),
        2 * hidden * perTask,
        task -> {
          long end = Math.min(rows, (task + 1) * perTask);
          for (long row = task * perTask; row < end; row++) {
            row(x, w, z, y, row);
          }
        });
  }

  private void row(
      TensorRows x, @Nullable TensorRows w, @Nullable TensorRows z, TensorRows y, long row) {
    Strip strip = Strip.mine();
    float sum = 0;
    for (long from = 0; from < hidden; from += Strip.LENGTH) {
      int count = Strip.count(hidden, from);
      x.load(row, from, strip.a, 0, count);
      Strip.clearTail(strip.a, count, RmsNormStrips.UNROLLED);
      sum += engine.kernels().squareSum(strip.a, count);
    }
    float r = norm.reciprocalRoot(sum);
    for (long from = 0; from < hidden; from += Strip.LENGTH) {
      int count = Strip.count(hidden, from);
      if (hidden > Strip.LENGTH) {
        x.load(row, from, strip.a, 0, count);
      }
      if (w != null) {
        w.load(0, from, strip.b, 0, count);
      }
      if (z != null) {
        z.load(row, from, strip.c, 0, count);
      }
      norm.normalise(strip.a, r, strip.b, strip.c, count);
      y.store(row, from, strip.a, 0, count);
    }
  }
}

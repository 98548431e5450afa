package org.touchstone.backends.cpu.simd;

import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Converts strip by strip through FP32, which holds every value of every source type exactly. */
final class CastKernel implements Kernel<CastArgs> {
  private final CastSpec spec;
  private final Engine engine;

  private CastKernel(CastSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
  }

  static Plan<CastArgs> plan(CastSpec spec, Engine engine) {
    return Plan.runs("cast.strips", KernelTraits.PLAIN_F32, new CastKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, CastArgs args, DeviceMemory workspace) {
    long elements = args.x().shape().elements();
    if (elements == 0) {
      return;
    }
    CodeRows x = new CodeRows(args.x(), engine.kernels());
    CodeRows y = new CodeRows(args.y(), engine.kernels());
    long rowLength = CodeRows.rowLength(args.x(), args.y());
    long strips = Math.ceilDiv(rowLength, Strip.LENGTH);
    engine.forEach(
        elements / rowLength * strips,
        8 * Math.min(Strip.LENGTH, rowLength),
        task -> {
          float[] values = Strip.mine().a;
          long from = task % strips * Strip.LENGTH;
          int count = Strip.count(rowLength, from);
          x.load(task / strips, from, values, count);
          y.store(task / strips, from, values, count, spec.saturation(), spec.e8m0Rounding());
        });
  }
}

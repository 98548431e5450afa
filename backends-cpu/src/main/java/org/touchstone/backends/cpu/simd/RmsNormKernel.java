package org.touchstone.backends.cpu.simd;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code rms_norm}: see {@link RmsNormRows}. */
final class RmsNormKernel implements Kernel<RmsNormArgs> {
  private final RmsNormRows norm;
  private final Engine engine;

  private RmsNormKernel(RmsNormSpec spec, Engine engine) {
    this.norm = new RmsNormRows(spec.variant(), spec.hidden(), spec.eps(), spec.output(), engine);
    this.engine = engine;
  }

  static Plan<RmsNormArgs> plan(RmsNormSpec spec, Engine engine) {
    return Plan.runs(
        "rms_norm.strips", RmsNormRows.traits(engine.kernels()), new RmsNormKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, RmsNormArgs args, DeviceMemory workspace) {
    TensorRows x = TensorRows.of(args.x(), engine.kernels());
    @Nullable TensorRows w = args.w() == null ? null : TensorRows.of(args.w(), engine.kernels());
    @Nullable TensorRows z = args.z() == null ? null : TensorRows.of(args.z(), engine.kernels());
    norm.run(
        args.x().dim(0),
        2,
        (strip, row, from, count) -> x.load(row, from, strip.a, 0, count),
        x,
        w,
        z,
        TensorRows.of(args.y(), engine.kernels()));
  }
}

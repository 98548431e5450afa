package org.touchstone.backends.cpu.simd;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.FusedAddRmsNormArgs;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.backends.cpu.micro.RowKernels.Rounding;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Adds and rounds a row while it sums its squares, then normalises the rounded sum. */
final class FusedAddRmsNormKernel implements Kernel<FusedAddRmsNormArgs> {
  private final Rounding rounding;
  private final RmsNormRows norm;
  private final Engine engine;

  private FusedAddRmsNormKernel(FusedAddRmsNormSpec spec, Engine engine) {
    this.rounding = spec.input() == DType.BF16 ? Rounding.BF16 : Rounding.NONE;
    this.norm = new RmsNormRows(spec.variant(), spec.hidden(), spec.eps(), spec.output(), engine);
    this.engine = engine;
  }

  static Plan<FusedAddRmsNormArgs> plan(FusedAddRmsNormSpec spec, Engine engine) {
    return Plan.runs(
        "fused_add_rms_norm.strips",
        RmsNormRows.traits(engine.kernels()),
        new FusedAddRmsNormKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, FusedAddRmsNormArgs args, DeviceMemory workspace) {
    TensorRows x = TensorRows.of(args.x(), engine.kernels());
    TensorRows residual = TensorRows.of(args.residual(), engine.kernels());
    @Nullable TensorRows w = args.w() == null ? null : TensorRows.of(args.w(), engine.kernels());
    TensorRows residualOut = TensorRows.of(args.residualOut(), engine.kernels());
    norm.run(
        args.x().dim(0),
        3,
        (strip, row, from, count) -> {
          x.load(row, from, strip.a, 0, count);
          residual.load(row, from, strip.b, 0, count);
          engine.kernels().add(strip.a, strip.b, count, rounding);
          residualOut.store(row, from, strip.a, 0, count);
        },
        residualOut,
        w,
        null,
        TensorRows.of(args.y(), engine.kernels()));
  }
}

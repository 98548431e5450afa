package org.touchstone.backends.cpu.simd;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.KernelTraits;
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
  private final long hidden;
  private final Rounding rounding;
  private final RmsNormStrips norm;
  private final Engine engine;

  private FusedAddRmsNormKernel(FusedAddRmsNormSpec spec, Engine engine) {
    this.hidden = spec.hidden();
    this.rounding = spec.input() == DType.BF16 ? Rounding.BF16 : Rounding.NONE;
    this.norm =
        new RmsNormStrips(spec.variant(), hidden, spec.eps(), spec.output(), engine.kernels());
    this.engine = engine;
  }

  static Plan<FusedAddRmsNormArgs> plan(FusedAddRmsNormSpec spec, Engine engine) {
    KernelTraits traits =
        KernelTraits.PLAIN_F32
            .with(engine.kernels().squareSumChain())
            .with(engine.kernels().ulps());
    return Plan.runs("fused_add_rms_norm.strips", traits, new FusedAddRmsNormKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, FusedAddRmsNormArgs args, DeviceMemory workspace) {
    TensorRows x = TensorRows.of(args.x(), engine.kernels());
    TensorRows residual = TensorRows.of(args.residual(), engine.kernels());
    @Nullable TensorRows w = args.w() == null ? null : TensorRows.of(args.w(), engine.kernels());
    TensorRows residualOut = TensorRows.of(args.residualOut(), engine.kernels());
    TensorRows y = TensorRows.of(args.y(), engine.kernels());
    long rows = args.x().dim(0);
    long perTask = Strip.rowsPerTask(hidden);
    engine.forEach(
        Math.ceilDiv(rows, perTask),
        3 * hidden * perTask,
        task -> {
          long end = Math.min(rows, (task + 1) * perTask);
          for (long row = task * perTask; row < end; row++) {
            float r = norm.reciprocalRoot(add(x, residual, residualOut, row));
            normalise(residualOut, w, y, row, r);
          }
        });
  }

  /** Writes the rounded sum and returns its sum of squares. */
  private float add(TensorRows x, TensorRows residual, TensorRows residualOut, long row) {
    Strip strip = Strip.mine();
    float sum = 0;
    for (long from = 0; from < hidden; from += Strip.LENGTH) {
      int count = Strip.count(hidden, from);
      x.load(row, from, strip.a, 0, count);
      residual.load(row, from, strip.b, 0, count);
      engine.kernels().add(strip.a, strip.b, count, rounding);
      residualOut.store(row, from, strip.a, 0, count);
      Strip.clearTail(strip.a, count, RmsNormStrips.UNROLLED);
      sum += engine.kernels().squareSum(strip.a, count);
    }
    return sum;
  }

  private void normalise(
      TensorRows residualOut, @Nullable TensorRows w, TensorRows y, long row, float r) {
    Strip strip = Strip.mine();
    for (long from = 0; from < hidden; from += Strip.LENGTH) {
      int count = Strip.count(hidden, from);
      if (hidden > Strip.LENGTH) {
        residualOut.load(row, from, strip.a, 0, count);
      }
      if (w != null) {
        w.load(0, from, strip.b, 0, count);
      }
      norm.normalise(strip.a, r, strip.b, strip.c, count);
      y.store(row, from, strip.a, 0, count);
    }
  }
}

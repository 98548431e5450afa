package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.FusedAddRmsNormArgs;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Adds and rounds a row while it sums its squares, then normalises the rounded sum. */
final class FusedAddRmsNormKernel implements Kernel<FusedAddRmsNormArgs> {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  private final long hidden;
  private final boolean narrow;
  private final RmsNormStrips norm;
  private final CpuThreads threads;

  private FusedAddRmsNormKernel(FusedAddRmsNormSpec spec, CpuThreads threads) {
    this.hidden = spec.hidden();
    this.narrow = spec.input() == DType.BF16;
    this.norm = new RmsNormStrips(spec.variant(), hidden, spec.eps(), spec.output());
    this.threads = threads;
  }

  static Plan<FusedAddRmsNormArgs> plan(FusedAddRmsNormSpec spec, CpuThreads threads) {
    KernelTraits traits = KernelTraits.PLAIN_F32.with(RmsNormStrips.CHAIN).with(VectorMath.ULPS);
    return Plan.runs("fused_add_rms_norm.strips", traits, new FusedAddRmsNormKernel(spec, threads));
  }

  @Override
  public void launch(BackendQueue queue, FusedAddRmsNormArgs args, DeviceMemory workspace) {
    TensorRows x = TensorRows.of(args.x());
    TensorRows residual = TensorRows.of(args.residual());
    @Nullable TensorRows w = args.w() == null ? null : TensorRows.of(args.w());
    TensorRows residualOut = TensorRows.of(args.residualOut());
    TensorRows y = TensorRows.of(args.y());
    long rows = args.x().dim(0);
    long perTask = Strip.rowsPerTask(hidden);
    threads.forEach(
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
      add(strip.a, strip.b, count);
      residualOut.store(row, from, strip.a, 0, count);
      Strip.clearTail(strip.a, count, RmsNormStrips.UNROLLED);
      sum += RmsNormStrips.sumOfSquares(strip.a, count);
    }
    return sum;
  }

  private void add(float[] x, float[] residual, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector sum = FloatVector.fromArray(F, x, i).add(FloatVector.fromArray(F, residual, i));
      (narrow ? VectorMath.roundToBf16(sum) : sum).intoArray(x, i);
    }
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

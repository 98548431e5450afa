package org.touchstone.backends.cpu.simd;

import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8Scaling;
import org.touchstone.api.op.QuantizeFp8GroupArgs;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Quantises a row per task, group by group. */
final class QuantizeFp8GroupKernel implements Kernel<QuantizeFp8GroupArgs> {
  private final QuantizeFp8GroupSpec spec;
  private final Fp8Scaling scaling;
  private final Engine engine;

  private QuantizeFp8GroupKernel(QuantizeFp8GroupSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
    scaling =
        new Fp8Scaling(DType.E4M3FN, spec.scaleDtype(), spec.scaleMode(), 448f, spec.amaxFloor());
  }

  static Plan<QuantizeFp8GroupArgs> plan(QuantizeFp8GroupSpec spec, Engine engine) {
    return Plan.runs(
        "quantize_fp8_group.row", KernelTraits.PLAIN_F32, new QuantizeFp8GroupKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, QuantizeFp8GroupArgs args, DeviceMemory workspace) {
    TileQuantiser quantiser =
        new TileQuantiser(scaling, args.x(), args.q(), args.scale(), engine.kernels());
    long columns = spec.columns();
    engine.forEach(args.x().dim(0), 8 * columns, row -> quantiser.row(row, columns, spec.group()));
  }
}

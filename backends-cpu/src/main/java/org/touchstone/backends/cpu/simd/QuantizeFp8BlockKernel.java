package org.touchstone.backends.cpu.simd;

import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8Scaling;
import org.touchstone.api.op.QuantizeFp8BlockArgs;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Quantises a tile per task. */
final class QuantizeFp8BlockKernel implements Kernel<QuantizeFp8BlockArgs> {
  private final QuantizeFp8BlockSpec spec;
  private final Fp8Scaling scaling;
  private final Engine engine;

  private QuantizeFp8BlockKernel(QuantizeFp8BlockSpec spec, Engine engine) {
    this.spec = spec;
    this.engine = engine;
    scaling =
        new Fp8Scaling(DType.E4M3FN, spec.scaleDtype(), spec.scaleMode(), 448f, spec.amaxFloor());
  }

  static Plan<QuantizeFp8BlockArgs> plan(QuantizeFp8BlockSpec spec, Engine engine) {
    return Plan.runs(
        "quantize_fp8_block.tile",
        KernelTraits.PLAIN_F32,
        new QuantizeFp8BlockKernel(spec, engine));
  }

  @Override
  public void launch(BackendQueue queue, QuantizeFp8BlockArgs args, DeviceMemory workspace) {
    TileQuantiser quantiser =
        new TileQuantiser(scaling, args.w(), args.q(), args.scale(), engine.kernels());
    long across = Math.ceilDiv(spec.columns(), spec.blockColumns());
    long down = Math.ceilDiv(spec.rows(), spec.blockRows());
    engine.forEach(
        down * across,
        8L * spec.blockRows() * spec.blockColumns(),
        tile -> {
          long row = tile / across * spec.blockRows();
          long column = tile % across * spec.blockColumns();
          quantiser.tile(
              row,
              Math.min(spec.rows(), row + spec.blockRows()),
              column,
              Math.min(spec.columns(), column + spec.blockColumns()),
              tile / across,
              tile % across);
        });
  }
}

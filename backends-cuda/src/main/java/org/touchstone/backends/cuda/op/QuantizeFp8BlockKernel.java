package org.touchstone.backends.cuda.op;

import org.touchstone.api.format.ScaleMode;
import org.touchstone.api.op.QuantizeFp8BlockArgs;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code quantize_fp8_block}: one block of threads per tile. */
final class QuantizeFp8BlockKernel implements Kernel<QuantizeFp8BlockArgs> {
  private final QuantizeFp8BlockSpec spec;
  private final CudaFunction kernel;

  private QuantizeFp8BlockKernel(QuantizeFp8BlockSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("quantize_fp8_block", "ts_quantize_fp8_block");
  }

  static Plan<QuantizeFp8BlockArgs> plan(QuantizeFp8BlockSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "quantize_fp8_block.tiles",
        Launches.traits(context),
        () -> new QuantizeFp8BlockKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, QuantizeFp8BlockArgs args, DeviceMemory workspace) {
    long tiles =
        Math.ceilDiv(spec.rows(), spec.blockRows())
            * Math.ceilDiv(spec.columns(), spec.blockColumns());
    Launches.rows(
        queue,
        kernel,
        tiles,
        Launches.THREADS,
        0,
        new KernelParams()
            .pointer(Launches.pointer(args.w()))
            .pointer(Launches.pointer(args.q()))
            .pointer(Launches.pointer(args.scale()))
            .i64(spec.rows())
            .i64(spec.columns())
            .i64(spec.blockRows())
            .i64(spec.blockColumns())
            .i64(Launches.step(args.w(), 0))
            .i64(Launches.step(args.q(), 0))
            .i64(Launches.step(args.scale(), 0))
            .f32(spec.amaxFloor())
            .i32(Launches.type(spec.input()))
            .i32(Launches.type(spec.scaleDtype()))
            .i32(spec.scaleMode() == ScaleMode.UE8M0_CEIL ? 1 : 0));
  }
}

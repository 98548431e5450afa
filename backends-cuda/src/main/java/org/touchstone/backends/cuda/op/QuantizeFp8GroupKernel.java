package org.touchstone.backends.cuda.op;

import org.touchstone.api.format.ScaleMode;
import org.touchstone.api.op.QuantizeFp8GroupArgs;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code quantize_fp8_group}: one warp per group. */
final class QuantizeFp8GroupKernel implements Kernel<QuantizeFp8GroupArgs> {
  private final QuantizeFp8GroupSpec spec;
  private final CudaFunction kernel;

  private QuantizeFp8GroupKernel(QuantizeFp8GroupSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("quantize_fp8_group", "ts_quantize_fp8_group");
  }

  static Plan<QuantizeFp8GroupArgs> plan(QuantizeFp8GroupSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "quantize_fp8_group.warps",
        Launches.traits(context),
        () -> new QuantizeFp8GroupKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, QuantizeFp8GroupArgs args, DeviceMemory workspace) {
    long rows = args.x().dim(0);
    Launches.warps(
        queue,
        kernel,
        rows * Math.ceilDiv(spec.columns(), spec.group()),
        new KernelParams()
            .pointer(Launches.pointer(args.x()))
            .pointer(Launches.pointer(args.q()))
            .pointer(Launches.pointer(args.scale()))
            .i64(rows)
            .i64(spec.columns())
            .i64(spec.group())
            .i64(Launches.step(args.x(), 0))
            .i64(Launches.step(args.q(), 0))
            .i64(Launches.step(args.scale(), 0))
            .f32(spec.amaxFloor())
            .i32(Launches.type(spec.input()))
            .i32(Launches.type(spec.scaleDtype()))
            .i32(spec.scaleMode() == ScaleMode.UE8M0_CEIL ? 1 : 0));
  }
}

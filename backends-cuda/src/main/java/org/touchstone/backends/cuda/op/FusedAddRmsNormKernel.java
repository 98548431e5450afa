package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.FusedAddRmsNormArgs;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code fused_add_rms_norm}: one block of threads per row. */
final class FusedAddRmsNormKernel implements Kernel<FusedAddRmsNormArgs> {
  private final FusedAddRmsNormSpec spec;
  private final CudaFunction kernel;

  private FusedAddRmsNormKernel(FusedAddRmsNormSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("fused_add_rms_norm", "ts_fused_add_rms_norm");
  }

  static Plan<FusedAddRmsNormArgs> plan(FusedAddRmsNormSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "fused_add_rms_norm.rows",
        RmsNormKernel.traits(spec.hidden(), context),
        () -> new FusedAddRmsNormKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, FusedAddRmsNormArgs args, DeviceMemory workspace) {
    Launches.rows(
        queue,
        kernel,
        args.x().dim(0),
        Launches.threadsOfRow(spec.hidden()),
        0,
        new KernelParams()
            .pointer(Launches.pointer(args.x()))
            .pointer(Launches.pointer(args.residual()))
            .pointer(Launches.pointer(args.w()))
            .pointer(Launches.pointer(args.residualOut()))
            .pointer(Launches.pointer(args.y()))
            .i64(spec.hidden())
            .i64(Launches.step(args.x(), 0))
            .i64(Launches.step(args.residual(), 0))
            .i64(Launches.step(args.residualOut(), 0))
            .i64(Launches.step(args.y(), 0))
            .f32(spec.eps())
            .i32(RmsNormKernel.number(spec.variant()))
            .i32(Launches.type(spec.input()))
            .i32(Launches.type(spec.weight()))
            .i32(Launches.type(spec.output())));
  }
}

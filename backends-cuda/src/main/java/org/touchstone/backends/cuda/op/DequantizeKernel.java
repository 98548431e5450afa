package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.DequantizeArgs;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code dequantize}: one thread per element. */
final class DequantizeKernel implements Kernel<DequantizeArgs> {
  private final DequantizeSpec spec;
  private final CudaFunction kernel;

  private DequantizeKernel(DequantizeSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("dequantize", "ts_dequantize");
  }

  static Plan<DequantizeArgs> plan(DequantizeSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "dequantize.elements", Launches.traits(context), () -> new DequantizeKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, DequantizeArgs args, DeviceMemory workspace) {
    long rows = args.q().dim(0);
    Launches.tasks(
        queue,
        kernel,
        rows * spec.columns(),
        new KernelParams()
            .pointer(Launches.pointer(args.q()))
            .pointer(Launches.pointer(args.scale()))
            .pointer(Launches.pointer(args.y()))
            .i64(rows)
            .i64(spec.columns())
            .i64(spec.blockRows())
            .i64(spec.blockColumns())
            .i64(Launches.step(args.q(), 0))
            .i64(Launches.step(args.scale(), 0))
            .i64(Launches.step(args.y(), 0))
            .i32(Launches.type(spec.codes()))
            .i32(Launches.type(spec.scaleDtype()))
            .i32(Launches.type(spec.output())));
  }
}

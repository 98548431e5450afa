package org.touchstone.backends.cuda.op;

import org.touchstone.api.format.E8m0Rounding;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code cast}: one thread per two neighbours, which share a byte in E2M1. */
final class CastKernel implements Kernel<CastArgs> {
  private final CastSpec spec;
  private final CudaFunction kernel;

  private CastKernel(CastSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("cast", "ts_cast");
  }

  static Plan<CastArgs> plan(CastSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "cast.elements", Launches.traits(context), () -> new CastKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, CastArgs args, DeviceMemory workspace) {
    MergedShape shape = MergedShape.of(args.x(), args.y());
    long elements = Math.ceilDiv(shape.innermost(), 2) * 2 * shape.rows();
    shape.forEachPart(
        pointers -> {
          KernelParams params = new KernelParams().pointer(pointers[0]).pointer(pointers[1]);
          shape.describe(params);
          params
              .i64(elements)
              .i32(Launches.type(spec.from()))
              .i32(Launches.type(spec.to()))
              .i32(spec.saturation() == Saturation.SAT ? 1 : 0)
              .i32(spec.e8m0Rounding() == E8m0Rounding.NEAREST ? 1 : 0);
          Launches.tasks(queue, kernel, elements, params);
        });
  }
}

package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code rope_apply}: one thread per pair, or per element that is copied. */
final class RopeApplyKernel implements Kernel<RopeApplyArgs> {
  private final RopeApplySpec spec;
  private final CudaFunction kernel;

  private RopeApplyKernel(RopeApplySpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("rope_apply", "ts_rope_apply");
  }

  static Plan<RopeApplyArgs> plan(RopeApplySpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "rope_apply.pairs", Launches.traits(context), () -> new RopeApplyKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, RopeApplyArgs args, DeviceMemory workspace) {
    long rows = args.x().dim(0);
    Launches.tasks(
        queue,
        kernel,
        rows * spec.heads() * (spec.headDim() - spec.rotaryDim() / 2),
        new KernelParams()
            .pointer(Launches.pointer(args.x()))
            .pointer(Launches.pointer(args.cos()))
            .pointer(Launches.pointer(args.sin()))
            .pointer(Launches.pointer(args.y()))
            .i64(rows)
            .i64(spec.heads())
            .i64(spec.headDim())
            .i64(spec.rotaryDim())
            .i64(spec.offset())
            .i64(Launches.step(args.x(), 0))
            .i64(Launches.step(args.x(), 1))
            .i64(Launches.step(args.cos(), 0))
            .i64(Launches.step(args.sin(), 0))
            .i64(Launches.step(args.y(), 0))
            .i64(Launches.step(args.y(), 1))
            .i32(spec.pairing() == RopeApplySpec.Pairing.GPTJ ? 1 : 0)
            .i32(spec.direction() == RopeApplySpec.Direction.INVERSE ? 1 : 0)
            .i32(Launches.type(spec.dtype())));
  }
}

package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.MoeCombineArgs;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code moe_combine}: one thread per element, slots in order. */
final class MoeCombineKernel implements Kernel<MoeCombineArgs> {
  private final MoeCombineSpec spec;
  private final CudaFunction kernel;

  private MoeCombineKernel(MoeCombineSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("moe_combine", "ts_moe_combine");
  }

  static Plan<MoeCombineArgs> plan(MoeCombineSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "moe_combine.elements",
        Launches.traits(context),
        () -> new MoeCombineKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, MoeCombineArgs args, DeviceMemory workspace) {
    long tokens = args.y().dim(0);
    Launches.tasks(
        queue,
        kernel,
        tokens * spec.hidden(),
        new KernelParams()
            .pointer(Launches.pointer(args.o()))
            .pointer(Launches.pointer(args.weights()))
            .pointer(Launches.pointer(args.positions()))
            .pointer(Launches.pointer(args.shared()))
            .pointer(Launches.pointer(args.y()))
            .i64(tokens)
            .i64(spec.hidden())
            .i32(Math.toIntExact(spec.topK()))
            .i64(args.o().dim(0))
            .i64(Launches.step(args.o(), 0))
            .i64(Launches.step(args.weights(), 0))
            .i64(Launches.step(args.positions(), 0))
            .i64(Launches.step(args.shared(), 0))
            .i64(Launches.step(args.y(), 0))
            .i32(Launches.type(spec.input()))
            .i32(Launches.type(spec.output())));
  }
}

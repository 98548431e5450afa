package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code add}: one thread per element. */
final class AddKernel implements Kernel<AddArgs> {
  private final CudaFunction kernel;

  private AddKernel(CudaContext context) {
    kernel = context.function("add", "ts_add");
  }

  static Plan<AddArgs> plan(AddSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        spec.op().opName() + ".elements", Launches.traits(context), () -> new AddKernel(context));
  }

  @Override
  public void launch(BackendQueue queue, AddArgs args, DeviceMemory workspace) {
    MergedShape shape = MergedShape.of(args.a(), args.b(), args.y());
    long elements = shape.innermost() * shape.rows();
    shape.forEachPart(
        pointers -> {
          KernelParams params =
              new KernelParams().pointer(pointers[0]).pointer(pointers[1]).pointer(pointers[2]);
          shape.describe(params);
          params
              .i64(elements)
              .i32(Launches.type(args.a().dtype()))
              .i32(Launches.type(args.b().dtype()))
              .i32(Launches.type(args.y().dtype()));
          Launches.tasks(queue, kernel, elements, params);
        });
  }
}

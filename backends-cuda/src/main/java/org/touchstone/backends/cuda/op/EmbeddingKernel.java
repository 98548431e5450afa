package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.EmbeddingArgs;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code embedding}: one thread per element. */
final class EmbeddingKernel implements Kernel<EmbeddingArgs> {
  private final EmbeddingSpec spec;
  private final CudaFunction kernel;

  private EmbeddingKernel(EmbeddingSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("embedding", "ts_embedding");
  }

  static Plan<EmbeddingArgs> plan(EmbeddingSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "embedding.elements", Launches.traits(context), () -> new EmbeddingKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, EmbeddingArgs args, DeviceMemory workspace) {
    long rows = args.ids().dim(0);
    Launches.tasks(
        queue,
        kernel,
        rows * spec.hidden(),
        new KernelParams()
            .pointer(Launches.pointer(args.ids()))
            .pointer(Launches.pointer(args.table()))
            .pointer(Launches.pointer(args.y()))
            .i64(rows)
            .i64(spec.hidden())
            .i64(spec.vocabulary())
            .i64(Launches.step(args.table(), 0))
            .i64(Launches.step(args.y(), 0))
            .f32(spec.scale())
            .i32(Launches.type(spec.table()))
            .i32(Launches.type(spec.output())));
  }
}

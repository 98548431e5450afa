package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.EmbeddingArgs;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Gathers rows strip by strip. */
final class EmbeddingOperator extends OpenClOperator<EmbeddingArgs> {
  private final EmbeddingSpec spec;
  private final Target target;

  private EmbeddingOperator(EmbeddingSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<EmbeddingArgs> plan(EmbeddingSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new EmbeddingOperator(spec, target, target.kernel("rows.cl", "embedding")));
  }

  @Override
  public void launch(BackendQueue queue, EmbeddingArgs args, DeviceMemory workspace) {
    if (args.y().dim(0) == 0) {
      return;
    }
    kernel()
        .launch()
        .tensor(args.ids())
        .rows(args.table())
        .rows(args.y())
        .i32(TypeNumbers.of(spec.table()))
        .i32(TypeNumbers.of(spec.output()))
        .f32(spec.scale())
        .i64(spec.vocabulary())
        .i64(spec.hidden())
        .i32(target.strip())
        .run(queue, target.strips(spec.hidden()), target.rowGroup(), args.y().dim(0));
  }
}

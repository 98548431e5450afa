package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.MoeCombineArgs;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Adds up expert outputs in slot order, strip by strip. */
final class MoeCombineOperator extends OpenClOperator<MoeCombineArgs> {
  private final MoeCombineSpec spec;
  private final Target target;

  private MoeCombineOperator(MoeCombineSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<MoeCombineArgs> plan(MoeCombineSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new MoeCombineOperator(spec, target, target.kernel("rows.cl", "moe_combine")));
  }

  @Override
  public void launch(BackendQueue queue, MoeCombineArgs args, DeviceMemory workspace) {
    if (args.y().dim(0) == 0) {
      return;
    }
    kernel()
        .launch()
        .rows(args.o())
        .rows(args.weights())
        .rows(args.positions())
        .rows(args.shared())
        .rows(args.y())
        .i32(TypeNumbers.of(spec.input()))
        .i32(TypeNumbers.of(spec.output()))
        .i32(args.shared() == null ? 0 : 1)
        .i32(Math.toIntExact(spec.topK()))
        .i64(spec.hidden())
        .i32(target.strip())
        .run(queue, target.strips(spec.hidden()), target.rowGroup(), args.y().dim(0));
  }
}

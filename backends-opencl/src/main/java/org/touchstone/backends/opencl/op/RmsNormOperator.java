package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Normalises a row per work-group, in two passes. */
final class RmsNormOperator extends OpenClOperator<RmsNormArgs> {
  private final RmsNormSpec spec;
  private final Target target;

  private RmsNormOperator(RmsNormSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<RmsNormArgs> plan(RmsNormSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits().with(target.rowChain()),
        () -> new RmsNormOperator(spec, target, target.kernel("rms_norm.cl", "rms_norm")));
  }

  @Override
  public void launch(BackendQueue queue, RmsNormArgs args, DeviceMemory workspace) {
    if (args.x().dim(0) == 0) {
      return;
    }
    kernel()
        .launch()
        .rows(args.x())
        .tensor(args.w())
        .rows(args.z())
        .rows(args.y())
        .i32(TypeNumbers.of(spec.input()))
        .i32(TypeNumbers.of(spec.weight()))
        .i32(TypeNumbers.of(spec.output()))
        .i32(NormVariants.number(spec.variant()))
        .i32(Math.toIntExact(spec.hidden()))
        .f32(spec.eps())
        .run(queue, args.x().dim(0), target.rowGroup());
  }
}

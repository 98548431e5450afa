package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.FusedAddRmsNormArgs;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Adds the residual and normalises a row per work-group. */
final class FusedAddRmsNormOperator extends OpenClOperator<FusedAddRmsNormArgs> {
  private final FusedAddRmsNormSpec spec;
  private final Target target;

  private FusedAddRmsNormOperator(FusedAddRmsNormSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<FusedAddRmsNormArgs> plan(FusedAddRmsNormSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits().with(target.rowChain()),
        () ->
            new FusedAddRmsNormOperator(
                spec, target, target.kernel("rms_norm.cl", "fused_add_rms_norm")));
  }

  @Override
  public void launch(BackendQueue queue, FusedAddRmsNormArgs args, DeviceMemory workspace) {
    if (args.x().dim(0) == 0) {
      return;
    }
    kernel()
        .launch()
        .rows(args.x())
        .rows(args.residual())
        .tensor(args.w())
        .rows(args.residualOut())
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

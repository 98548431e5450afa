package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.RopeApplyArgs;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeApplySpec.Direction;
import org.touchstone.api.op.RopeApplySpec.Pairing;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Rotates a head of a token per work-group. */
final class RopeApplyOperator extends OpenClOperator<RopeApplyArgs> {
  private final RopeApplySpec spec;
  private final Target target;

  private RopeApplyOperator(RopeApplySpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<RopeApplyArgs> plan(RopeApplySpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new RopeApplyOperator(spec, target, target.kernel("rope.cl", "rope_apply")));
  }

  @Override
  public void launch(BackendQueue queue, RopeApplyArgs args, DeviceMemory workspace) {
    if (args.y().dim(0) == 0) {
      return;
    }
    kernel()
        .launch()
        .rows(args.x())
        .i64(args.x().strides().step(1))
        .rows(args.cos())
        .rows(args.sin())
        .rows(args.y())
        .i64(args.y().strides().step(1))
        .i32(TypeNumbers.of(spec.dtype()))
        .i32(Math.toIntExact(spec.headDim()))
        .i32(Math.toIntExact(spec.rotaryDim() / 2))
        .i32(Math.toIntExact(spec.offset()))
        .i32(spec.pairing() == Pairing.GPTJ ? 1 : 0)
        .f32(spec.direction() == Direction.INVERSE ? -1 : 1)
        .i32(args.y().sameView(args.x()) ? 1 : 0)
        .run(queue, spec.heads(), target.rowGroup(), args.y().dim(0));
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.MoePermuteArgs;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Sorts token slots by expert in one work-group; the workspace counts them. */
final class MoePermuteOperator extends OpenClOperator<MoePermuteArgs> {
  private final MoePermuteSpec spec;
  private final Target target;

  private MoePermuteOperator(MoePermuteSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<MoePermuteArgs> plan(MoePermuteSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new MoePermuteOperator(spec, target, target.kernel("moe_permute.cl", "moe_permute")));
  }

  @Override
  public void launch(BackendQueue queue, MoePermuteArgs args, DeviceMemory workspace) {
    kernel()
        .launch()
        .rows(args.indices())
        .tensor(args.sortedSlots())
        .tensor(args.expertOffsets())
        .rows(args.positions())
        .memory(workspace, 0)
        .i32(Math.toIntExact(args.indices().dim(0)))
        .i32(Math.toIntExact(spec.topK()))
        .i32(Math.toIntExact(spec.experts()))
        .run(queue, 1, target.rowGroup());
  }

  @Override
  public long workspaceBytes(MoePermuteArgs args) {
    return spec.experts() * Integer.BYTES;
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.MoeAlignBlockSizeArgs;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Sorts token slots by expert in one work-group; the workspace counts them. */
final class MoeAlignBlockSizeOperator extends OpenClOperator<MoeAlignBlockSizeArgs> {
  private final MoeAlignBlockSizeSpec spec;
  private final Target target;

  private MoeAlignBlockSizeOperator(
      MoeAlignBlockSizeSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<MoeAlignBlockSizeArgs> plan(MoeAlignBlockSizeSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () ->
            new MoeAlignBlockSizeOperator(
                spec, target, target.kernel("moe_permute.cl", "moe_align_block_size")));
  }

  @Override
  public void launch(BackendQueue queue, MoeAlignBlockSizeArgs args, DeviceMemory workspace) {
    kernel()
        .launch()
        .rows(args.indices())
        .tensor(args.sortedSlots())
        .tensor(args.blockExperts())
        .tensor(args.paddedCount())
        .memory(workspace, 0)
        .i32(Math.toIntExact(args.indices().dim(0)))
        .i32(Math.toIntExact(spec.topK()))
        .i32(Math.toIntExact(spec.experts()))
        .i32(Math.toIntExact(spec.blockSize()))
        .run(queue, 1, target.rowGroup());
  }

  @Override
  public long workspaceBytes(MoeAlignBlockSizeArgs args) {
    return spec.experts() * Integer.BYTES;
  }
}

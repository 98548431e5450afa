package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.MoeRouteArgs;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Routes a token per work-group; its scores lie in the workspace. */
final class MoeRouteOperator extends OpenClOperator<MoeRouteArgs> {
  private final MoeRouteSpec spec;
  private final Target target;
  private final OpenClKernel reset;

  private MoeRouteOperator(
      MoeRouteSpec spec, Target target, OpenClKernel kernel, OpenClKernel reset) {
    super(kernel);
    this.spec = spec;
    this.target = target;
    this.reset = reset;
  }

  static Plan<MoeRouteArgs> plan(MoeRouteSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits().with(target.rowChain()),
        () -> {
          OpenClKernel kernel = target.kernel("moe_route.cl", "moe_route");
          try {
            return new MoeRouteOperator(
                spec, target, kernel, target.kernel("moe_route.cl", "moe_route_reset"));
          } catch (RuntimeException e) {
            kernel.close();
            throw e;
          }
        });
  }

  @Override
  public long workspaceBytes(MoeRouteArgs args) {
    return args.logits().dim(0) * (2 * spec.experts() + spec.groups()) * Float.BYTES;
  }

  @Override
  public void launch(BackendQueue queue, MoeRouteArgs args, DeviceMemory workspace) {
    if (args.diagnostics() != null) {
      reset.launch().tensor(args.diagnostics()).run(queue, 1, 1);
    }
    if (args.logits().dim(0) == 0) {
      return;
    }
    kernel()
        .launch()
        .rows(args.logits())
        .tensor(args.bias())
        .tensor(args.mask())
        .rows(args.indices())
        .rows(args.weights())
        .tensor(args.diagnostics())
        .memory(workspace, 0)
        .i32(args.bias() == null ? 0 : 1)
        .i32(args.mask() == null ? 0 : 1)
        .i32(args.diagnostics() == null ? 0 : 1)
        .i32(score())
        .i32(renorm())
        .i32(Math.toIntExact(spec.experts()))
        .i32(Math.toIntExact(spec.topK()))
        .i32(Math.toIntExact(spec.groups()))
        .i32(Math.toIntExact(spec.keptGroups()))
        .i32(spec.groupScore() == MoeRouteSpec.GroupScore.SUM_TOP2 ? 1 : 0)
        .f32(spec.renormEps())
        .f32(spec.scale())
        .run(queue, args.logits().dim(0), target.rowGroup());
  }

  /** Returns the number of the score function, as {@code moe_route.cl} defines it. */
  private int score() {
    return switch (spec.score()) {
      case SOFTMAX -> 0;
      case SIGMOID -> 1;
      case SQRT_SOFTPLUS -> 2;
      case IDENTITY -> 3;
    };
  }

  /** Returns the number of the renormalisation, as {@code moe_route.cl} defines it. */
  private int renorm() {
    return switch (spec.renorm()) {
      case NONE -> 0;
      case SUM -> 1;
      case SOFTMAX_TOPK -> 2;
    };
  }

  @Override
  public void close() {
    reset.close();
    super.close();
  }
}

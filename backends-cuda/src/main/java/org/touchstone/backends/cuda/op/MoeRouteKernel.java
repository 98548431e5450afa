package org.touchstone.backends.cuda.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.MoeRouteArgs;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.CudaQueue;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code moe_route}: one block of threads per token. */
final class MoeRouteKernel implements Kernel<MoeRouteArgs> {
  private static final int THREADS = 128;

  /** What the kernel takes beside its dynamic shared memory. */
  private static final int STATIC_SHARED = 1024;

  private final MoeRouteSpec spec;
  private final CudaFunction kernel;
  private final int shared;

  private MoeRouteKernel(MoeRouteSpec spec, CudaContext context) {
    this.spec = spec;
    shared = Math.toIntExact(shared(spec));
    kernel = context.function("moe_route", "ts_moe_route", shared);
  }

  /** Returns the bytes of scores, choices and marks. */
  private static long shared(MoeRouteSpec spec) {
    return 4 * (3 * spec.experts() + spec.topK() + 2 * spec.groups());
  }

  static Plan<MoeRouteArgs> plan(MoeRouteSpec spec, CudaContext context) {
    if (shared(spec) > context.sharedPerBlock() - STATIC_SHARED) {
      return Plan.refuses(
          ReasonCode.PARAMETER,
          "scores of "
              + spec.experts()
              + " experts take "
              + shared(spec)
              + " bytes of shared memory, a block has "
              + context.sharedPerBlock());
    }
    return new Plan.Runs<>(
        "moe_route.tokens", Launches.traits(context), () -> new MoeRouteKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, MoeRouteArgs args, DeviceMemory workspace) {
    Tensor diagnostics = args.diagnostics();
    if (diagnostics != null) {
      CudaQueue.of(queue).fill(Launches.pointer(diagnostics), (byte) 0, Integer.BYTES);
    }
    Launches.rows(
        queue,
        kernel,
        args.logits().dim(0),
        THREADS,
        shared,
        new KernelParams()
            .pointer(Launches.pointer(args.logits()))
            .pointer(Launches.pointer(args.bias()))
            .pointer(Launches.pointer(args.mask()))
            .pointer(Launches.pointer(args.indices()))
            .pointer(Launches.pointer(args.weights()))
            .pointer(Launches.pointer(diagnostics))
            .i32(Math.toIntExact(spec.experts()))
            .i32(Math.toIntExact(spec.topK()))
            .i32(Math.toIntExact(spec.groups()))
            .i32(Math.toIntExact(spec.keptGroups()))
            .i64(Launches.step(args.logits(), 0))
            .i64(Launches.step(args.indices(), 0))
            .i64(Launches.step(args.weights(), 0))
            .f32(spec.renormEps())
            .f32(spec.scale())
            .i32(number(spec.score()))
            .i32(spec.groupScore() == MoeRouteSpec.GroupScore.SUM_TOP2 ? 1 : 0)
            .i32(number(spec.renorm())));
  }

  private static int number(MoeRouteSpec.Score score) {
    return switch (score) {
      case SOFTMAX -> 0;
      case SIGMOID -> 1;
      case SQRT_SOFTPLUS -> 2;
      case IDENTITY -> 3;
    };
  }

  private static int number(MoeRouteSpec.Renorm renorm) {
    return switch (renorm) {
      case NONE -> 0;
      case SUM -> 1;
      case SOFTMAX_TOPK -> 2;
    };
  }
}

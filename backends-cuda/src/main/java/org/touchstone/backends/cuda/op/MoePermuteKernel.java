package org.touchstone.backends.cuda.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.MoePermuteArgs;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code moe_permute}: one block of threads per expert. */
final class MoePermuteKernel implements Kernel<MoePermuteArgs> {
  private static final int THREADS = 256;

  /** What the kernels take beside the counters of the experts. */
  private static final int STATIC_SHARED = 1024;

  private final MoePermuteSpec spec;
  private final CudaFunction kernel;

  private MoePermuteKernel(MoePermuteSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = function(context, spec.experts());
  }

  /** Loads the kernel for a number of experts. */
  static CudaFunction function(CudaContext context, long experts) {
    return context.function("moe_permute", "ts_moe_permute", Math.toIntExact(4 * experts));
  }

  /** Says whether a block has room for a counter per expert. */
  static boolean fits(long experts, CudaContext context) {
    return 4 * experts <= context.sharedPerBlock() - STATIC_SHARED;
  }

  static Plan<MoePermuteArgs> plan(MoePermuteSpec spec, CudaContext context) {
    if (!fits(spec.experts(), context)) {
      return Plan.refuses(
          ReasonCode.PARAMETER,
          spec.experts() + " experts do not fit into a block's shared memory");
    }
    return new Plan.Runs<>(
        "moe_permute.experts", Launches.traits(context), () -> new MoePermuteKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, MoePermuteArgs args, DeviceMemory workspace) {
    sort(
        queue,
        kernel,
        new Slots(
            args.indices().dim(0) * spec.topK(),
            spec.topK(),
            spec.experts(),
            Launches.pointer(args.indices()),
            Launches.step(args.indices(), 0)),
        Launches.pointer(args.sortedSlots()),
        Launches.pointer(args.expertOffsets()),
        Launches.pointer(args.positions()),
        Launches.step(args.positions(), 0));
  }

  /**
   * Slots to be sorted.
   *
   * @param count number of slots
   * @param topK slots per token
   * @param experts number of experts
   * @param indices expert of each slot
   * @param step elements from one token's experts to the next
   */
  record Slots(long count, long topK, long experts, DevicePointer indices, long step) {}

  /** Enqueues the sort. */
  static void sort(
      BackendQueue queue,
      CudaFunction kernel,
      Slots slots,
      DevicePointer sorted,
      DevicePointer offsets,
      DevicePointer positions,
      long positionStep) {
    Launches.rows(
        queue,
        kernel,
        slots.experts() + 1,
        THREADS,
        Math.toIntExact(4 * slots.experts()),
        new KernelParams()
            .pointer(slots.indices())
            .pointer(sorted)
            .pointer(offsets)
            .pointer(positions)
            .i64(slots.count())
            .i32(Math.toIntExact(slots.topK()))
            .i32(Math.toIntExact(slots.experts()))
            .i64(slots.step())
            .i64(positionStep));
  }
}

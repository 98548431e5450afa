package org.touchstone.backends.cuda.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.MoeAlignBlockSizeArgs;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code moe_align_block_size}: one block of threads per expert. */
final class MoeAlignBlockSizeKernel implements Kernel<MoeAlignBlockSizeArgs> {
  private static final int THREADS = 256;

  private final MoeAlignBlockSizeSpec spec;
  private final CudaFunction kernel;
  private final int shared;

  private MoeAlignBlockSizeKernel(MoeAlignBlockSizeSpec spec, CudaContext context) {
    this.spec = spec;
    shared = Math.toIntExact(4 * spec.experts());
    kernel = context.function("moe_align_block_size", "ts_moe_align_block_size", shared);
  }

  static Plan<MoeAlignBlockSizeArgs> plan(MoeAlignBlockSizeSpec spec, CudaContext context) {
    if (!MoePermuteKernel.fits(spec.experts(), context)) {
      return Plan.refuses(
          ReasonCode.PARAMETER,
          spec.experts() + " experts do not fit into a block's shared memory");
    }
    return new Plan.Runs<>(
        "moe_align_block_size.experts",
        Launches.traits(context),
        () -> new MoeAlignBlockSizeKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, MoeAlignBlockSizeArgs args, DeviceMemory workspace) {
    Launches.rows(
        queue,
        kernel,
        spec.experts(),
        THREADS,
        shared,
        new KernelParams()
            .pointer(Launches.pointer(args.indices()))
            .pointer(Launches.pointer(args.sortedSlots()))
            .pointer(Launches.pointer(args.blockExperts()))
            .pointer(Launches.pointer(args.paddedCount()))
            .i64(args.indices().dim(0) * spec.topK())
            .i32(Math.toIntExact(spec.topK()))
            .i32(Math.toIntExact(spec.experts()))
            .i32(Math.toIntExact(spec.blockSize()))
            .i64(Launches.step(args.indices(), 0)));
  }
}

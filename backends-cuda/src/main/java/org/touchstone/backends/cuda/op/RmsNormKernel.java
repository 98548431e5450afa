package org.touchstone.backends.cuda.op;

import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code rms_norm}: one block of threads per row. */
final class RmsNormKernel implements Kernel<RmsNormArgs> {
  private final RmsNormSpec spec;
  private final CudaFunction kernel;

  private RmsNormKernel(RmsNormSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("rms_norm", "ts_rms_norm");
  }

  static Plan<RmsNormArgs> plan(RmsNormSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "rms_norm.rows", traits(spec.hidden(), context), () -> new RmsNormKernel(spec, context));
  }

  /** Returns what a block's sum of squares declares. */
  static KernelTraits traits(long hidden, CudaContext context) {
    int threads = Launches.threadsOfRow(hidden);
    return Launches.traits(context).with(Chain.lanes(threads, Launches.additionsOfBlock(threads)));
  }

  /** Returns the number by which kernels know a variant. */
  static int number(RmsNormVariant variant) {
    return switch (variant) {
      case CAST_THEN_MUL -> 0;
      case FP32_MUL -> 1;
      case ONE_PLUS_W -> 2;
      case NO_WEIGHT -> 3;
      case GATED -> 4;
      case GATED_CAST_THEN_MUL -> 5;
    };
  }

  @Override
  public void launch(BackendQueue queue, RmsNormArgs args, DeviceMemory workspace) {
    Launches.rows(
        queue,
        kernel,
        args.x().dim(0),
        Launches.threadsOfRow(spec.hidden()),
        0,
        new KernelParams()
            .pointer(Launches.pointer(args.x()))
            .pointer(Launches.pointer(args.w()))
            .pointer(Launches.pointer(args.z()))
            .pointer(Launches.pointer(args.y()))
            .i64(spec.hidden())
            .i64(Launches.step(args.x(), 0))
            .i64(Launches.step(args.z(), 0))
            .i64(Launches.step(args.y(), 0))
            .f32(spec.eps())
            .i32(number(spec.variant()))
            .i32(Launches.type(spec.input()))
            .i32(Launches.type(spec.weight()))
            .i32(Launches.type(spec.output())));
  }
}

package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GatedActArgs;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code gated_act}: one thread per element. */
final class GatedActKernel implements Kernel<GatedActArgs> {
  private final GatedActSpec spec;
  private final CudaFunction kernel;

  private GatedActKernel(GatedActSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("gated_act", "ts_gated_act");
  }

  static Plan<GatedActArgs> plan(GatedActSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "gated_act.elements", Launches.traits(context), () -> new GatedActKernel(spec, context));
  }

  /** Returns the number by which kernels know a formula. */
  static int number(Activation.Kind kind) {
    return switch (kind) {
      case SWIGLU -> 0;
      case SWIGLU_OAI -> 1;
      case GEGLU_TANH -> 2;
    };
  }

  /** Returns 1 where gate and up alternate. */
  static int interleaved(Activation activation) {
    return activation.layout() == Activation.GateLayout.INTERLEAVED ? 1 : 0;
  }

  @Override
  public void launch(BackendQueue queue, GatedActArgs args, DeviceMemory workspace) {
    long rows = args.a().dim(0);
    Launches.tasks(
        queue,
        kernel,
        rows * spec.intermediate(),
        new KernelParams()
            .pointer(Launches.pointer(args.h()))
            .pointer(Launches.pointer(args.a()))
            .i64(rows)
            .i64(spec.intermediate())
            .i64(Launches.step(args.h(), 0))
            .i64(Launches.step(args.a(), 0))
            .f32(spec.activation().limit())
            .i32(number(spec.activation().kind()))
            .i32(interleaved(spec.activation()))
            .i32(Launches.type(spec.input()))
            .i32(Launches.type(spec.output())));
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GatedActArgs;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Applies a gated activation strip by strip. */
final class GatedActOperator extends OpenClOperator<GatedActArgs> {
  private final GatedActSpec spec;
  private final Target target;

  private GatedActOperator(GatedActSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<GatedActArgs> plan(GatedActSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits().with(target.activationUlps(spec.activation())),
        () -> new GatedActOperator(spec, target, target.kernel("gated_act.cl", "gated_act")));
  }

  @Override
  public void launch(BackendQueue queue, GatedActArgs args, DeviceMemory workspace) {
    if (args.a().dim(0) == 0) {
      return;
    }
    Activation activation = spec.activation();
    kernel()
        .launch()
        .rows(args.h())
        .rows(args.a())
        .i32(TypeNumbers.of(spec.input()))
        .i32(TypeNumbers.of(spec.output()))
        .i32(Activations.number(activation))
        .f32(activation.limit())
        .i32(activation.layout() == Activation.GateLayout.INTERLEAVED ? 1 : 0)
        .i64(spec.intermediate())
        .i32(target.strip())
        .run(queue, target.strips(spec.intermediate()), target.rowGroup(), args.a().dim(0));
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.api.format.E8m0Rounding;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Converts strip by strip through FP32, which holds every value of every source type exactly. */
final class CastOperator extends OpenClOperator<CastArgs> {
  private final CastSpec spec;
  private final Target target;

  private CastOperator(CastSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<CastArgs> plan(CastSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new CastOperator(spec, target, target.kernel("cast.cl", "cast")));
  }

  @Override
  public void launch(BackendQueue queue, CastArgs args, DeviceMemory workspace) {
    if (args.y().shape().elements() == 0) {
      return;
    }
    Strips.of(target.strip(), args.x(), args.y())
        .forEach(
            block -> {
              var launch =
                  block
                      .tensors(kernel().launch())
                      .i32(TypeNumbers.of(spec.from()))
                      .i32(TypeNumbers.of(spec.to()))
                      .i32(spec.saturation() == Saturation.SAT ? 1 : 0)
                      .i32(spec.e8m0Rounding() == E8m0Rounding.NEAREST ? 1 : 0);
              block.rows(launch).run(queue, block.groups(), target.rowGroup());
            });
  }
}

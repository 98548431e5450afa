package org.touchstone.backends.opencl.op;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.api.op.QuantizeFp8GroupArgs;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Quantises groups of a row as blocks of one row. */
final class QuantizeFp8GroupOperator extends OpenClOperator<QuantizeFp8GroupArgs> {
  private final QuantizeFp8GroupSpec spec;
  private final Target target;

  private QuantizeFp8GroupOperator(QuantizeFp8GroupSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<QuantizeFp8GroupArgs> plan(QuantizeFp8GroupSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new QuantizeFp8GroupOperator(spec, target, target.kernel("quantize.cl", "quantize")));
  }

  @Override
  public void launch(BackendQueue queue, QuantizeFp8GroupArgs args, DeviceMemory workspace) {
    if (args.scale().shape().elements() == 0) {
      return;
    }
    kernel()
        .launch()
        .rows(args.x())
        .rows(args.q())
        .rows(args.scale())
        .i32(TypeNumbers.of(spec.input()))
        .i32(spec.scaleMode() == ScaleMode.UE8M0_CEIL ? 1 : 0)
        .i32(spec.scaleDtype() == DType.E8M0 ? 1 : 0)
        .f32(spec.amaxFloor())
        .i64(args.x().dim(0))
        .i64(spec.columns())
        .i64(1)
        .i64(spec.group())
        .run(queue, args.scale().dim(1), target.rowGroup(), args.scale().dim(0));
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.ScaleMode;
import org.touchstone.api.op.QuantizeFp8BlockArgs;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Quantises tiles of a weight, a work-group each. */
final class QuantizeFp8BlockOperator extends OpenClOperator<QuantizeFp8BlockArgs> {
  private final QuantizeFp8BlockSpec spec;
  private final Target target;

  private QuantizeFp8BlockOperator(QuantizeFp8BlockSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<QuantizeFp8BlockArgs> plan(QuantizeFp8BlockSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new QuantizeFp8BlockOperator(spec, target, target.kernel("quantize.cl", "quantize")));
  }

  @Override
  public void launch(BackendQueue queue, QuantizeFp8BlockArgs args, DeviceMemory workspace) {
    if (args.scale().shape().elements() == 0) {
      return;
    }
    kernel()
        .launch()
        .rows(args.w())
        .rows(args.q())
        .rows(args.scale())
        .i32(TypeNumbers.of(spec.input()))
        .i32(spec.scaleMode() == ScaleMode.UE8M0_CEIL ? 1 : 0)
        .i32(spec.scaleDtype() == DType.E8M0 ? 1 : 0)
        .f32(spec.amaxFloor())
        .i64(spec.rows())
        .i64(spec.columns())
        .i64(spec.blockRows())
        .i64(spec.blockColumns())
        .run(queue, args.scale().dim(1), target.rowGroup(), args.scale().dim(0));
  }
}

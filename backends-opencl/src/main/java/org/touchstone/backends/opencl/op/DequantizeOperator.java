package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.DequantizeArgs;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Multiplies codes by the scale of their block, strip by strip. */
final class DequantizeOperator extends OpenClOperator<DequantizeArgs> {
  private final DequantizeSpec spec;
  private final Target target;

  private DequantizeOperator(DequantizeSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<DequantizeArgs> plan(DequantizeSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new DequantizeOperator(spec, target, target.kernel("dequantize.cl", "dequantize")));
  }

  @Override
  public void launch(BackendQueue queue, DequantizeArgs args, DeviceMemory workspace) {
    long rows = args.y().dim(0);
    if (rows == 0) {
      return;
    }
    kernel()
        .launch()
        .tensor(args.q())
        // Rows of 4-bit elements start at bytes.
        .i64(args.q().strides().step(0))
        .rows(args.scale())
        .rows(args.y())
        .i32(TypeNumbers.of(spec.codes()))
        .i32(TypeNumbers.of(spec.scaleDtype()))
        .i32(TypeNumbers.of(spec.output()))
        .i64(spec.columns())
        .i64(spec.blockRows())
        .i64(spec.blockColumns())
        .i32(target.strip())
        .run(queue, target.strips(spec.columns()), target.rowGroup(), rows);
  }
}

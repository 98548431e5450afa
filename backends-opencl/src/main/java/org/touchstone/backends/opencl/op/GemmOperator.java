package org.touchstone.backends.opencl.op;

import java.util.Set;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Multiplies by one weight; see {@link Product}. */
final class GemmOperator extends ProductOperator<GemmArgs> {
  private final GemmSpec spec;

  private GemmOperator(GemmSpec spec, Target target) {
    super(target, spec.weightLayout(), Set.of("b"));
    this.spec = spec;
  }

  static Plan<GemmArgs> plan(GemmSpec spec, Target target) {
    return plan(spec, spec.weightLayout(), target, () -> new GemmOperator(spec, target));
  }

  @Override
  public void launch(BackendQueue queue, GemmArgs args, DeviceMemory workspace) {
    boolean perTensor = spec.operands() == GemmOperands.FP8_TENSOR;
    Tensor scaleA = args.scaleA();
    Tensor scaleB = args.scaleB();
    product()
        .run(
            queue,
            new Product.Factors(
                Rows.of(args.a()),
                product().weight(args.b()),
                perTensor ? Rows.of(scaleA, 0, 0) : Rows.of(scaleA),
                perTensor ? Rows.of(scaleB, 0, 0) : Rows.of(scaleB),
                Rows.of(args.bias()),
                Rows.of(args.c()),
                Product.Runs.ONE,
                Rows.NONE,
                0,
                Product.Scales.of(spec.operands()),
                spec.accumulation() == GemmSpec.Accumulation.ADD_TO_C),
            Product.Assignment.dense(1),
            args.c().dim(0),
            spec.n(),
            spec.k());
  }
}

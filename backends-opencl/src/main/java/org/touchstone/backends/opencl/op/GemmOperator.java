package org.touchstone.backends.opencl.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Multiplies by one weight; see {@link Product}. */
final class GemmOperator implements Kernel<GemmArgs> {
  private final GemmSpec spec;
  private final Product product;

  private GemmOperator(GemmSpec spec, Product product) {
    this.spec = spec;
    this.product = product;
  }

  static Plan<GemmArgs> plan(GemmSpec spec, Target target) {
    if (!spec.weightLayout().plain()) {
      return Plan.refuses(
          ReasonCode.LAYOUT,
          "the weight is " + spec.weightLayout() + ", the kernel reads plain ones");
    }
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits().with(Product.chain(target)),
        () -> new GemmOperator(spec, new Product(target)));
  }

  @Override
  public void launch(BackendQueue queue, GemmArgs args, DeviceMemory workspace) {
    boolean perTensor = spec.operands() == GemmOperands.FP8_TENSOR;
    Tensor scaleA = args.scaleA();
    Tensor scaleB = args.scaleB();
    product.run(
        queue,
        new Product.Factors(
            Rows.of(args.a()),
            Rows.of(args.b()),
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

  @Override
  public void close() {
    product.close();
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.api.Layout;
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
  private final Target target;
  private final Product product;

  private GemmOperator(GemmSpec spec, Target target) {
    this.spec = spec;
    this.target = target;
    product = new Product(target, spec.weightLayout());
  }

  static Plan<GemmArgs> plan(GemmSpec spec, Target target) {
    if (!PackedWeights.reads(target, spec.weightLayout())) {
      return Plan.refuses(
          ReasonCode.LAYOUT,
          "the weight is "
              + spec.weightLayout()
              + ", the kernel reads plain ones and "
              + PackedWeights.LAYOUT);
    }
    return new Plan.Runs<>(
        Product.name(target, spec.op(), spec.weightLayout()),
        target.traits().with(Product.chain(target, spec.weightLayout())),
        () -> new GemmOperator(spec, target));
  }

  @Override
  public Layout preferredLayout(String slot) {
    return slot.equals("b") ? PackedWeights.preferred(target) : Layout.PLAIN;
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
            product.weight(args.b()),
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

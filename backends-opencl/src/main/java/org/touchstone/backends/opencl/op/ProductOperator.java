package org.touchstone.backends.opencl.op;

import java.util.Set;
import java.util.function.Supplier;
import org.touchstone.api.Layout;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Ulps;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** An operator that multiplies by weights, which may be packed; see {@link Product}. */
abstract class ProductOperator<A extends Args> implements Kernel<A> {
  private final Target target;
  private final Set<String> weights;
  private final Product product;

  /**
   * Prepares the product.
   *
   * @param layout of the weights
   * @param weights slots of the weights
   */
  ProductOperator(Target target, Layout layout, Set<String> weights) {
    this.target = target;
    this.weights = weights;
    product = new Product(target, layout);
  }

  /** Plans an operator whose functions err as usual. */
  static <A extends Args> Plan<A> plan(
      OpSpec<A> spec, Layout layout, Target target, Supplier<Kernel<A>> build) {
    return plan(spec, layout, target, target.traits().ulps(), build);
  }

  /** Plans an operator, or refuses its layout. */
  static <A extends Args> Plan<A> plan(
      OpSpec<A> spec, Layout layout, Target target, Ulps ulps, Supplier<Kernel<A>> build) {
    if (!PackedWeights.reads(target, layout)) {
      return Plan.refuses(
          ReasonCode.LAYOUT,
          "weights are "
              + layout
              + ", the kernel reads plain ones"
              + (target.isCpu() ? " and " + PackedWeights.LAYOUT : ""));
    }
    return new Plan.Runs<>(
        Product.name(target, spec.op(), layout),
        target.traits().with(Product.chain(target, layout)).with(ulps),
        build);
  }

  final Target target() {
    return target;
  }

  final Product product() {
    return product;
  }

  @Override
  public final Layout preferredLayout(String slot) {
    return weights.contains(slot) ? PackedWeights.preferred(target) : Layout.PLAIN;
  }

  @Override
  public void close() {
    product.close();
  }
}

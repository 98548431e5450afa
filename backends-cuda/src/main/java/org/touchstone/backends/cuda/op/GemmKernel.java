package org.touchstone.backends.cuda.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code gemm_*}: dense products. */
final class GemmKernel implements Kernel<GemmArgs> {
  private final GemmSpec spec;
  private final Products products;

  private GemmKernel(GemmSpec spec, CudaContext context) {
    this.spec = spec;
    products = new Products(spec.operands(), spec.numerics(), context);
  }

  static Plan<GemmArgs> plan(GemmSpec spec, CudaContext context) {
    if (!spec.weightLayout().plain()) {
      return Plan.refuses(
          ReasonCode.LAYOUT, "the product reads PLAIN weights, not " + spec.weightLayout());
    }
    return new Plan.Runs<>(
        "gemm." + Products.kernel(spec.operands(), spec.numerics(), context),
        Products.traits(spec.operands(), spec.numerics(), context),
        () -> new GemmKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, GemmArgs args, DeviceMemory workspace) {
    Product product =
        new Product(spec.n(), spec.k())
            .a(args.a())
            .b(Launches.pointer(args.b()), Launches.pointer(args.scaleB()))
            .scaleA(Launches.pointer(args.scaleA()), Launches.step(args.scaleA(), 0), 0)
            .bias(args.bias())
            .c(args.c());
    if (spec.accumulation() == GemmSpec.Accumulation.ADD_TO_C) {
      product.addingToC();
    }
    products.launch(queue, product, RowGroups.dense(args.c().dim(0)));
  }
}

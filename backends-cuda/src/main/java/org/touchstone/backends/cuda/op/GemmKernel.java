package org.touchstone.backends.cuda.op;

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

  private GemmKernel(GemmSpec spec, Products products) {
    this.spec = spec;
    this.products = products;
  }

  static Plan<GemmArgs> plan(GemmSpec spec, CudaContext context) {
    return Products.plan(
        "gemm",
        spec.weightLayout(),
        spec.operands(),
        spec.numerics(),
        context,
        products -> new GemmKernel(spec, products));
  }

  @Override
  public void launch(BackendQueue queue, GemmArgs args, DeviceMemory workspace) {
    Product product =
        Product.of(spec.n(), spec.k(), args.a(), args.b(), args.scaleB(), args.c())
            .scaleA(Launches.pointer(args.scaleA()), Launches.step(args.scaleA(), 0), 0)
            .bias(args.bias());
    if (spec.accumulation() == GemmSpec.Accumulation.ADD_TO_C) {
      product.addingToC();
    }
    products.launch(queue, product, RowGroups.dense(args.c().dim(0)));
  }
}

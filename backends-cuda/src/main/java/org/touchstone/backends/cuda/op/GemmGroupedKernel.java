package org.touchstone.backends.cuda.op;

import org.touchstone.api.Tensor;
import org.touchstone.api.op.GemmGroupedArgs;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code gemm_grouped}: the product of {@link GemmKernel}, a weight per group of rows. */
final class GemmGroupedKernel implements Kernel<GemmGroupedArgs> {
  private final GemmGroupedSpec spec;
  private final Products products;

  private GemmGroupedKernel(GemmGroupedSpec spec, Products products) {
    this.spec = spec;
    this.products = products;
  }

  static Plan<GemmGroupedArgs> plan(GemmGroupedSpec spec, CudaContext context) {
    return Products.plan(
        "gemm_grouped",
        spec.weightLayout(),
        spec.operands(),
        spec.numerics(),
        context,
        products -> new GemmGroupedKernel(spec, products));
  }

  @Override
  public void launch(BackendQueue queue, GemmGroupedArgs args, DeviceMemory workspace) {
    boolean masked = spec.grouping() == GemmGroupedSpec.Grouping.MASKED;
    long perGroup = masked ? args.a().dim(1) : 1;
    long rows = masked ? spec.experts() * perGroup : args.a().dim(0);
    Product product = Product.of(spec.n(), spec.k(), args.a(), args.b(), args.scaleB(), args.c());
    Tensor scales = args.scaleA();
    if (scales != null && spec.operands() != GemmOperands.FP8_TENSOR) {
      int first = masked ? 1 : 0;
      product.scaleA(
          Launches.pointer(scales),
          Launches.step(scales, first),
          masked ? Launches.step(scales, 0) : 0);
    } else {
      product.scaleA(Launches.pointer(scales), 0, 0);
    }
    products.launch(
        queue,
        product,
        new RowGroups(
            Launches.pointer(args.groups()),
            rows,
            Math.max(1, perGroup),
            spec.alignment(),
            spec.experts(),
            RowGroups.number(spec.grouping())));
  }
}

package org.touchstone.backends.opencl.op;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.GemmGroupedArgs;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.GemmGroupedSpec.Grouping;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/**
 * Multiplies rows by their experts' weights; work-groups find their expert on the device, so the
 * assignment never visits the host. See {@link Product}.
 */
final class GemmGroupedOperator extends ProductOperator<GemmGroupedArgs> {
  private final GemmGroupedSpec spec;

  private GemmGroupedOperator(GemmGroupedSpec spec, Target target) {
    super(target, spec.weightLayout(), Set.of("b"));
    this.spec = spec;
  }

  static Plan<GemmGroupedArgs> plan(GemmGroupedSpec spec, Target target) {
    return plan(spec, spec.weightLayout(), target, () -> new GemmGroupedOperator(spec, target));
  }

  @Override
  public void launch(BackendQueue queue, GemmGroupedArgs args, DeviceMemory workspace) {
    boolean masked = spec.grouping() == Grouping.MASKED;
    product()
        .run(
            queue,
            Product.Factors.of(
                Rows.of(args.a()),
                scaleA(args.scaleA(), masked),
                product().weight(args.b()),
                scaleB(args.scaleB()),
                Product.Scales.of(spec.operands()),
                Rows.of(args.c())),
            Product.Assignment.of(
                spec.grouping(), Rows.of(args.groups(), 0, 1), spec.experts(), spec.alignment()),
            args.c().dim(masked ? 1 : 0),
            spec.n(),
            spec.k());
  }

  private Rows scaleA(@Nullable Tensor scale, boolean masked) {
    if (scale == null || spec.operands() == GemmOperands.FP8_TENSOR) {
      return Rows.of(scale, 0, 0);
    }
    return masked
        ? Rows.of(scale, scale.strides().step(0), scale.strides().step(1))
        : Rows.of(scale, 0, scale.strides().step(0));
  }

  private Rows scaleB(@Nullable Tensor scale) {
    if (scale == null || spec.operands() == GemmOperands.FP8_TENSOR) {
      return Rows.of(scale, 1, 0);
    }
    return Rows.of(scale, scale.strides().step(0), scale.strides().step(1));
  }
}

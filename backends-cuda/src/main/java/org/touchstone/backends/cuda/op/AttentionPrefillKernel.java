package org.touchstone.backends.cuda.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionPrefillArgs;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.op.AttentionLaunch.Heads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code attention_prefill}. */
final class AttentionPrefillKernel implements Kernel<AttentionPrefillArgs> {
  private final AttentionPrefillSpec spec;
  private final CudaFunction kernel;

  private AttentionPrefillKernel(AttentionPrefillSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = AttentionLaunch.function(spec.headDim(), spec.valueDim(), context);
  }

  static Plan<AttentionPrefillArgs> plan(AttentionPrefillSpec spec, CudaContext context) {
    if (!AttentionLaunch.fits(spec.headDim(), spec.valueDim(), context)) {
      return Plan.refuses(
          ReasonCode.HEAD_DIM,
          "a query and an output of "
              + (spec.headDim() + spec.valueDim())
              + " elements do not fit into a block's shared memory");
    }
    return new Plan.Runs<>(
        "attention.rows",
        AttentionLaunch.traits(context),
        () -> new AttentionPrefillKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, AttentionPrefillArgs args, DeviceMemory workspace) {
    Tensor q = args.q();
    Tensor boundsQ = args.cuSeqlensQ();
    Tensor boundsK = args.cuSeqlensK();
    AttentionLaunch launch =
        new AttentionLaunch()
            .queries(Heads.of(q), Heads.NONE)
            .keys(Heads.of(args.k()), Heads.NONE)
            .values(Heads.of(args.v()))
            .outputs(Heads.of(args.o()), args.lse())
            .sinks(args.sinks());
    long tokens;
    if (boundsQ != null && boundsK != null) {
      tokens = q.dim(0);
      launch.varlen(boundsQ, boundsK);
    } else {
      tokens = q.dim(0) * q.dim(1);
      launch.padded(q.dim(0), q.dim(1), args.k().dim(1));
    }
    launch.run(
        queue,
        kernel,
        tokens,
        spec.heads(),
        spec.kvHeads(),
        spec.mask(),
        spec.scale(),
        spec.softcap());
  }
}

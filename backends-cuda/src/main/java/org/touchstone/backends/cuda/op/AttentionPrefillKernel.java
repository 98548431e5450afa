package org.touchstone.backends.cuda.op;

import java.util.Optional;
import org.touchstone.api.Reason;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionPrefillArgs;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.op.AttentionKernels.Keys;
import org.touchstone.backends.cuda.op.AttentionKernels.Shape;
import org.touchstone.backends.cuda.op.AttentionLaunch.Heads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code attention_prefill}. */
final class AttentionPrefillKernel implements Kernel<AttentionPrefillArgs> {
  private final AttentionPrefillSpec spec;
  private final AttentionKernels kernels;

  private AttentionPrefillKernel(AttentionPrefillSpec spec, Shape shape, CudaContext context) {
    this.spec = spec;
    kernels = new AttentionKernels(shape, spec.numerics(), context);
  }

  static Plan<AttentionPrefillArgs> plan(AttentionPrefillSpec spec, CudaContext context) {
    Shape shape =
        new Shape(
            Keys.CONTIGUOUS,
            spec.dtype(),
            spec.heads() / spec.kvHeads(),
            spec.headDim(),
            spec.valueDim());
    Optional<Reason> refusal = AttentionKernels.refusal(shape, context);
    if (refusal.isPresent()) {
      return new Plan.Refuses<>(refusal.get());
    }
    return new Plan.Runs<>(
        "attention." + AttentionKernels.kernel(shape, spec.numerics(), context),
        AttentionKernels.traits(shape, spec.numerics(), context),
        () -> new AttentionPrefillKernel(spec, shape, context));
  }

  @Override
  public void launch(BackendQueue queue, AttentionPrefillArgs args, DeviceMemory workspace) {
    Tensor q = args.q();
    Tensor boundsQ = args.cuSeqlensQ();
    Tensor boundsK = args.cuSeqlensK();
    AttentionLaunch launch =
        new AttentionLaunch(spec.heads(), spec.kvHeads())
            .queries(Heads.of(q), Heads.NONE)
            .keys(Heads.of(args.k()), Heads.NONE)
            .values(Heads.of(args.v()))
            .outputs(Heads.of(args.o()), args.lse())
            .sinks(args.sinks())
            .scores(spec.mask(), spec.scale(), spec.softcap());
    if (boundsQ != null && boundsK != null) {
      launch.varlen(q.dim(0), boundsQ, boundsK);
    } else {
      launch.padded(q.dim(0), q.dim(1), args.k().dim(1));
    }
    kernels.run(queue, launch);
  }
}

package org.touchstone.backends.cuda.op;

import java.util.Optional;
import org.touchstone.api.Reason;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.op.AttentionKernels.Keys;
import org.touchstone.backends.cuda.op.AttentionKernels.Shape;
import org.touchstone.backends.cuda.op.AttentionLaunch.Heads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code attention_decode_paged}, in splits of the keys. */
final class AttentionDecodePagedKernel implements Kernel<AttentionDecodePagedArgs> {
  private final AttentionDecodePagedSpec spec;
  private final AttentionKernels kernels;

  private AttentionDecodePagedKernel(
      AttentionDecodePagedSpec spec, Shape shape, CudaContext context) {
    this.spec = spec;
    kernels = new AttentionKernels(shape, spec.numerics(), context);
  }

  static Plan<AttentionDecodePagedArgs> plan(AttentionDecodePagedSpec spec, CudaContext context) {
    DType dtype = spec.dtype() == spec.cache() ? spec.dtype() : DType.F32;
    Shape shape =
        new Shape(
            Keys.PAGED, dtype, spec.heads() / spec.kvHeads(), spec.headDim(), spec.valueDim());
    Optional<Reason> refusal = AttentionKernels.refusal(shape, context);
    if (refusal.isPresent()) {
      return new Plan.Refuses<>(refusal.get());
    }
    return new Plan.Runs<>(
        "attention.paged." + AttentionKernels.kernel(shape, spec.numerics(), context),
        AttentionKernels.traits(shape, spec.numerics(), context),
        () -> new AttentionDecodePagedKernel(spec, shape, context));
  }

  private long mostKeys(AttentionDecodePagedArgs args) {
    return args.blockTable().dim(1) * spec.pageSize();
  }

  @Override
  public long workspaceBytes(AttentionDecodePagedArgs args) {
    long rows = args.q().dim(0) * args.q().dim(1) * spec.heads();
    return kernels.stateBytes(rows, mostKeys(args));
  }

  @Override
  public void launch(BackendQueue queue, AttentionDecodePagedArgs args, DeviceMemory workspace) {
    long key = spec.headDim();
    long value = spec.valueDim();
    long heads = spec.kvHeads();
    kernels.run(
        queue,
        new AttentionLaunch(spec.heads(), heads)
            .queries(Heads.of(args.q()), Heads.NONE)
            .keys(Heads.ofCache(args.kCache(), 0, key, heads * key, key), Heads.NONE)
            .values(Heads.ofCache(args.vCache(), 0, value, heads * value, value))
            .outputs(Heads.of(args.o()), args.lse())
            .sinks(args.sinks())
            .scores(spec.mask(), spec.scale(), spec.softcap())
            .paged(args.blockTable(), args.seqLens(), spec.pageSize(), args.q().dim(1))
            .splits(kernels.splits(mostKeys(args)), WorkspacePlan.part(workspace, 0)));
  }
}

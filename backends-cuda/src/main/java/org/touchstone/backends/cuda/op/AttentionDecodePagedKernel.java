package org.touchstone.backends.cuda.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.op.AttentionLaunch.Heads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code attention_decode_paged}. */
final class AttentionDecodePagedKernel implements Kernel<AttentionDecodePagedArgs> {
  private final AttentionDecodePagedSpec spec;
  private final CudaFunction kernel;

  private AttentionDecodePagedKernel(AttentionDecodePagedSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = AttentionLaunch.function(spec.headDim(), spec.valueDim(), context);
  }

  static Plan<AttentionDecodePagedArgs> plan(AttentionDecodePagedSpec spec, CudaContext context) {
    if (!AttentionLaunch.fits(spec.headDim(), spec.valueDim(), context)) {
      return Plan.refuses(
          ReasonCode.HEAD_DIM,
          "a query and an output of "
              + (spec.headDim() + spec.valueDim())
              + " elements do not fit into a block's shared memory");
    }
    return new Plan.Runs<>(
        "attention.paged",
        AttentionLaunch.traits(context),
        () -> new AttentionDecodePagedKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, AttentionDecodePagedArgs args, DeviceMemory workspace) {
    long key = spec.headDim();
    long value = spec.valueDim();
    long heads = spec.kvHeads();
    new AttentionLaunch()
        .queries(Heads.of(args.q()), Heads.NONE)
        .keys(Heads.ofCache(args.kCache(), 0, key, heads * key, key), Heads.NONE)
        .values(Heads.ofCache(args.vCache(), 0, value, heads * value, value))
        .outputs(Heads.of(args.o()), args.lse())
        .sinks(args.sinks())
        .paged(args.blockTable(), args.seqLens(), spec.pageSize(), args.q().dim(1))
        .run(
            queue,
            kernel,
            args.q().dim(0) * args.q().dim(1),
            spec.heads(),
            heads,
            spec.mask(),
            spec.scale(),
            spec.softcap());
  }
}

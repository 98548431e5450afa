package org.touchstone.backends.cuda.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.op.AttentionLaunch.Heads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * {@code mla_decode_absorbed}: queries into the latent space, attention over cached tokens of which
 * the first part is also the value, latent outputs into values. Absorbed queries and latent outputs
 * stay FP32.
 */
final class MlaDecodeAbsorbedKernel implements Kernel<MlaDecodeAbsorbedArgs> {
  private final MlaDecodeAbsorbedSpec spec;
  private final MlaDims dims;
  private final CudaFunction absorb;
  private final CudaFunction attention;
  private final CudaFunction expand;

  private MlaDecodeAbsorbedKernel(MlaDecodeAbsorbedSpec spec, CudaContext context) {
    this.spec = spec;
    dims = spec.dims();
    absorb = context.function("mla", "ts_mla_absorb");
    attention = AttentionLaunch.function(dims.cachedDim(), dims.latentDim(), context);
    expand = context.function("mla", "ts_mla_expand");
  }

  static Plan<MlaDecodeAbsorbedArgs> plan(MlaDecodeAbsorbedSpec spec, CudaContext context) {
    MlaDims dims = spec.dims();
    if (!AttentionLaunch.fits(dims.cachedDim(), dims.latentDim(), context)) {
      return Plan.refuses(ReasonCode.HEAD_DIM, dims + " does not fit into a block's shared memory");
    }
    return new Plan.Runs<>(
        "mla.absorb+attention.paged+expand",
        AttentionLaunch.traits(context),
        () -> new MlaDecodeAbsorbedKernel(spec, context));
  }

  private long latentBytes(MlaDecodeAbsorbedArgs args) {
    long tokens = args.qNope().dim(0) * args.qNope().dim(1);
    return tokens * dims.heads() * dims.latentDim() * Float.BYTES;
  }

  @Override
  public long workspaceBytes(MlaDecodeAbsorbedArgs args) {
    WorkspacePlan plan = new WorkspacePlan();
    plan.add(latentBytes(args));
    plan.add(latentBytes(args));
    return plan.bytes();
  }

  @Override
  public void launch(BackendQueue queue, MlaDecodeAbsorbedArgs args, DeviceMemory workspace) {
    WorkspacePlan plan = new WorkspacePlan();
    DevicePointer queries = WorkspacePlan.part(workspace, plan.add(latentBytes(args)));
    DevicePointer outputs = WorkspacePlan.part(workspace, plan.add(latentBytes(args)));
    long tokens = args.qNope().dim(0) * args.qNope().dim(1);
    long latent = dims.latentDim();
    long token = dims.heads() * latent;
    long batch = args.qNope().dim(1) * token;
    MlaProducts.absorb(queue, absorb, args.qNope(), args.wKvb(), queries, dims);
    new AttentionLaunch()
        .queries(
            new Heads(queries, batch, token, latent, latent, DType.F32), Heads.of(args.qRope()))
        .keys(
            Heads.ofCache(args.kvCache(), 0, latent, dims.cachedDim(), 0),
            Heads.ofCache(args.kvCache(), latent, dims.ropeDim(), dims.cachedDim(), 0))
        .values(Heads.ofCache(args.kvCache(), 0, latent, dims.cachedDim(), 0))
        .outputs(new Heads(outputs, batch, token, latent, latent, DType.F32), args.lse())
        .paged(args.blockTable(), args.seqLens(), spec.pageSize(), args.qNope().dim(1))
        .run(queue, attention, tokens, dims.heads(), 1, spec.mask(), spec.scale(), 0);
    MlaProducts.expand(queue, expand, outputs, args.wKvb(), args.o(), dims);
  }
}

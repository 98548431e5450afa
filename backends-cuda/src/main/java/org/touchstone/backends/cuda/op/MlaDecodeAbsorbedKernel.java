package org.touchstone.backends.cuda.op;

import java.util.Optional;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Reason;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.op.AttentionKernels.Keys;
import org.touchstone.backends.cuda.op.AttentionKernels.Shape;
import org.touchstone.backends.cuda.op.AttentionLaunch.Heads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * {@code mla_decode_absorbed}: queries into the latent space, attention over cached tokens of which
 * the first part is also the value, latent outputs into values. Latent outputs stay FP32, and so do
 * absorbed queries unless everything else is BF16 and the spec accepts it.
 */
final class MlaDecodeAbsorbedKernel implements Kernel<MlaDecodeAbsorbedArgs> {
  private final MlaDecodeAbsorbedSpec spec;
  private final MlaDims dims;
  private final CudaFunction absorb;
  private final DType latentQuery;
  private final AttentionKernels kernels;
  private final CudaFunction expand;

  private MlaDecodeAbsorbedKernel(MlaDecodeAbsorbedSpec spec, Shape shape, CudaContext context) {
    this.spec = spec;
    dims = spec.dims();
    latentQuery = shape.dtype();
    absorb = context.function("mla", "ts_mla_absorb");
    kernels = new AttentionKernels(shape, spec.numerics(), context);
    expand = context.function("mla", "ts_mla_expand");
  }

  static Plan<MlaDecodeAbsorbedArgs> plan(MlaDecodeAbsorbedSpec spec, CudaContext context) {
    MlaDims dims = spec.dims();
    boolean narrow =
        spec.dtype() == DType.BF16
            && spec.cache() == DType.BF16
            && spec.numerics().refuse(narrow(Launches.traits(context))).isEmpty();
    Shape shape =
        new Shape(
            Keys.PAGED_LATENT,
            narrow ? DType.BF16 : DType.F32,
            dims.heads(),
            dims.cachedDim(),
            dims.latentDim());
    Optional<Reason> refusal = AttentionKernels.refusal(shape, context);
    if (refusal.isPresent()) {
      return new Plan.Refuses<>(refusal.get());
    }
    KernelTraits traits = AttentionKernels.traits(shape, spec.numerics(), context);
    return new Plan.Runs<>(
        "mla.absorb+attention.paged."
            + AttentionKernels.kernel(shape, spec.numerics(), context)
            + "+expand",
        narrow ? narrow(traits) : traits,
        () -> new MlaDecodeAbsorbedKernel(spec, shape, context));
  }

  private static KernelTraits narrow(KernelTraits traits) {
    return traits.with(
        new RoundPoints(traits.roundPoints().probabilities(), DType.BF16, DType.F32, DType.F32));
  }

  private long latentBytes(MlaDecodeAbsorbedArgs args, DType type) {
    long tokens = args.qNope().dim(0) * args.qNope().dim(1);
    return tokens * dims.heads() * dims.latentDim() * type.bits() / Byte.SIZE;
  }

  private long mostKeys(MlaDecodeAbsorbedArgs args) {
    return args.blockTable().dim(1) * spec.pageSize();
  }

  private long stateBytes(MlaDecodeAbsorbedArgs args) {
    long tokens = args.qNope().dim(0) * args.qNope().dim(1);
    return kernels.stateBytes(tokens * dims.heads(), mostKeys(args));
  }

  @Override
  public long workspaceBytes(MlaDecodeAbsorbedArgs args) {
    WorkspacePlan plan = new WorkspacePlan();
    plan.add(latentBytes(args, latentQuery));
    plan.add(latentBytes(args, DType.F32));
    plan.add(stateBytes(args));
    return plan.bytes();
  }

  @Override
  public void launch(BackendQueue queue, MlaDecodeAbsorbedArgs args, DeviceMemory workspace) {
    WorkspacePlan plan = new WorkspacePlan();
    DevicePointer queries = WorkspacePlan.part(workspace, plan.add(latentBytes(args, latentQuery)));
    DevicePointer outputs = WorkspacePlan.part(workspace, plan.add(latentBytes(args, DType.F32)));
    DevicePointer states = WorkspacePlan.part(workspace, plan.add(stateBytes(args)));
    long latent = dims.latentDim();
    long token = dims.heads() * latent;
    long batch = args.qNope().dim(1) * token;
    MlaProducts.absorb(queue, absorb, args.qNope(), args.wKvb(), queries, latentQuery, dims);
    kernels.run(
        queue,
        new AttentionLaunch(dims.heads(), 1)
            .queries(
                new Heads(queries, batch, token, latent, latent, latentQuery),
                Heads.of(args.qRope()))
            .keys(
                Heads.ofCache(args.kvCache(), 0, latent, dims.cachedDim(), 0),
                Heads.ofCache(args.kvCache(), latent, dims.ropeDim(), dims.cachedDim(), 0))
            .values(Heads.ofCache(args.kvCache(), 0, latent, dims.cachedDim(), 0))
            .outputs(new Heads(outputs, batch, token, latent, latent, DType.F32), args.lse())
            .scores(spec.mask(), spec.scale(), 0)
            .paged(args.blockTable(), args.seqLens(), spec.pageSize(), args.qNope().dim(1))
            .splits(kernels.splits(mostKeys(args)), states));
    MlaProducts.expand(queue, expand, outputs, args.wKvb(), args.o(), dims);
  }
}

package org.touchstone.backends.cuda.op;

import java.util.Optional;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Numerics;
import org.touchstone.api.Reason;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillArgs;
import org.touchstone.api.op.MlaPrefillSpec;
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
 * {@code mla_prefill}: expands keys and values of all tokens into the workspace, then attends. They
 * stay FP32, or are BF16 made by the product of tensor cores where everything else is BF16 and the
 * spec accepts it.
 */
final class MlaPrefillKernel implements Kernel<MlaPrefillArgs> {
  private final MlaPrefillSpec spec;
  private final MlaDims dims;
  private final DType expanded;
  private final AttentionKernels kernels;
  private final Optional<Products> products;
  private final CudaFunction expand;

  private MlaPrefillKernel(MlaPrefillSpec spec, Shape shape, CudaContext context) {
    this.spec = spec;
    dims = spec.dims();
    expanded = shape.dtype();
    kernels = new AttentionKernels(shape, spec.numerics(), context);
    products =
        expanded == DType.BF16
            ? Optional.of(new Products(GemmOperands.BF16, spec.numerics(), context))
            : Optional.empty();
    expand = context.function("mla", "ts_mla_expand_tokens");
  }

  static Plan<MlaPrefillArgs> plan(MlaPrefillSpec spec, CudaContext context) {
    MlaDims dims = spec.dims();
    Numerics accepted = spec.numerics();
    boolean narrow =
        spec.dtype() == DType.BF16
            && spec.weight() == DType.BF16
            && accepted.refuse(narrow(Launches.traits(context))).isEmpty();
    Shape shape =
        new Shape(
            Keys.CONTIGUOUS,
            narrow ? DType.BF16 : DType.F32,
            1,
            dims.nopeDim() + dims.ropeDim(),
            dims.valueDim());
    Optional<Reason> refusal = AttentionKernels.refusal(shape, context);
    if (refusal.isPresent()) {
      return new Plan.Refuses<>(refusal.get());
    }
    KernelTraits traits = AttentionKernels.traits(shape, accepted, context);
    return new Plan.Runs<>(
        "mla.expand+attention." + AttentionKernels.kernel(shape, accepted, context),
        narrow ? narrow(traits) : traits,
        () -> new MlaPrefillKernel(spec, shape, context));
  }

  private static KernelTraits narrow(KernelTraits traits) {
    return traits.with(
        new RoundPoints(traits.roundPoints().probabilities(), DType.F32, DType.F32, DType.BF16));
  }

  @Override
  public long workspaceBytes(MlaPrefillArgs args) {
    return args.latent().dim(0) * dims.expandedRows() * bytes();
  }

  private long bytes() {
    return expanded.bits() / Byte.SIZE;
  }

  private void expand(BackendQueue queue, MlaPrefillArgs args, DevicePointer to) {
    if (products.isEmpty()) {
      MlaProducts.expandTokens(queue, expand, args.latent(), args.wKvb(), to, dims);
      return;
    }
    products
        .get()
        .launch(
            queue,
            new Product(dims.expandedRows(), dims.latentDim())
                .a(args.latent())
                .b(Launches.pointer(args.wKvb()), DevicePointer.NULL)
                .c(to, dims.expandedRows(), expanded),
            RowGroups.dense(args.latent().dim(0)));
  }

  @Override
  public void launch(BackendQueue queue, MlaPrefillArgs args, DeviceMemory workspace) {
    DevicePointer keys = WorkspacePlan.part(workspace, 0);
    if (args.latent().dim(0) > 0) {
      expand(queue, args, keys);
    }
    long row = dims.expandedRows();
    long head = dims.nopeDim() + dims.valueDim();
    DevicePointer values = keys.plus(dims.nopeDim() * bytes());
    Heads rotary =
        new Heads(
            Launches.pointer(args.keyRope()),
            0,
            Launches.step(args.keyRope(), 0),
            0,
            dims.ropeDim(),
            spec.dtype());
    kernels.run(
        queue,
        new AttentionLaunch(dims.heads(), dims.heads())
            .queries(Heads.of(args.qNope()), Heads.of(args.qRope()))
            .keys(new Heads(keys, 0, row, head, dims.nopeDim(), expanded), rotary)
            .values(new Heads(values, 0, row, head, dims.valueDim(), expanded))
            .outputs(Heads.of(args.o()), args.lse())
            .scores(spec.mask(), spec.scale(), 0)
            .varlen(args.qNope().dim(0), args.cuSeqlensQ(), args.cuSeqlensK()));
  }
}

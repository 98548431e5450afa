package org.touchstone.backends.cuda.op;

import org.touchstone.api.ReasonCode;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillArgs;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.op.AttentionLaunch.Heads;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * {@code mla_prefill}: expands keys and values of all tokens into the workspace in FP32, then
 * attends.
 */
final class MlaPrefillKernel implements Kernel<MlaPrefillArgs> {
  private final MlaPrefillSpec spec;
  private final MlaDims dims;
  private final CudaFunction attention;
  private final CudaFunction expand;

  private MlaPrefillKernel(MlaPrefillSpec spec, CudaContext context) {
    this.spec = spec;
    dims = spec.dims();
    attention = AttentionLaunch.function(queryDim(dims), dims.valueDim(), context);
    expand = context.function("mla", "ts_mla_expand_tokens");
  }

  private static long queryDim(MlaDims dims) {
    return dims.nopeDim() + dims.ropeDim();
  }

  static Plan<MlaPrefillArgs> plan(MlaPrefillSpec spec, CudaContext context) {
    if (!AttentionLaunch.fits(queryDim(spec.dims()), spec.dims().valueDim(), context)) {
      return Plan.refuses(
          ReasonCode.HEAD_DIM, spec.dims() + " does not fit into a block's shared memory");
    }
    return new Plan.Runs<>(
        "mla.expand+attention.rows",
        AttentionLaunch.traits(context),
        () -> new MlaPrefillKernel(spec, context));
  }

  @Override
  public long workspaceBytes(MlaPrefillArgs args) {
    return args.latent().dim(0) * dims.expandedRows() * Float.BYTES;
  }

  @Override
  public void launch(BackendQueue queue, MlaPrefillArgs args, DeviceMemory workspace) {
    long keys = args.latent().dim(0);
    DevicePointer expanded = WorkspacePlan.part(workspace, 0);
    if (keys > 0) {
      MlaProducts.expandTokens(queue, expand, args.latent(), args.wKvb(), expanded, dims);
    }
    long row = dims.expandedRows();
    long head = dims.nopeDim() + dims.valueDim();
    new AttentionLaunch()
        .queries(Heads.of(args.qNope()), Heads.of(args.qRope()))
        .keys(
            new Heads(expanded, 0, row, head, dims.nopeDim(), DType.F32),
            new Heads(
                Launches.pointer(args.keyRope()),
                0,
                Launches.step(args.keyRope(), 0),
                0,
                dims.ropeDim(),
                spec.dtype()))
        .values(
            new Heads(
                expanded.plus(dims.nopeDim() * Float.BYTES),
                0,
                row,
                head,
                dims.valueDim(),
                DType.F32))
        .outputs(Heads.of(args.o()), args.lse())
        .varlen(args.cuSeqlensQ(), args.cuSeqlensK())
        .run(
            queue,
            attention,
            args.qNope().dim(0),
            dims.heads(),
            dims.heads(),
            spec.mask(),
            spec.scale(),
            0);
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.Launch;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * Absorbs queries into the latent space, attends to latents with all heads at once, and expands the
 * result; latents in between are FP32.
 */
final class MlaDecodeAbsorbedOperator implements Kernel<MlaDecodeAbsorbedArgs> {
  /** Rows of a group of {@code absorb}, as the kernel defines them. */
  private static final long ABSORBED_ROWS = 4;

  private final MlaDecodeAbsorbedSpec spec;
  private final Target target;
  private final OpenClKernel absorb;
  private final Attention attention;
  private final Product product;

  private MlaDecodeAbsorbedOperator(
      MlaDecodeAbsorbedSpec spec, Target target, Attention attention) {
    this.spec = spec;
    this.target = target;
    this.attention = attention;
    absorb = target.kernel("mla.cl", "absorb");
    product = new Product(target);
  }

  static Plan<MlaDecodeAbsorbedArgs> plan(MlaDecodeAbsorbedSpec spec, Target target) {
    MlaDims dims = spec.dims();
    return Attention.plan(
        spec,
        target,
        new Attention.Shape(
            dims.heads(),
            1,
            dims.latentDim(),
            dims.ropeDim(),
            dims.latentDim(),
            true,
            spec.scale(),
            spec.mask(),
            0),
        attention -> new MlaDecodeAbsorbedOperator(spec, target, attention));
  }

  private Attention.Sequences sequences(MlaDecodeAbsorbedArgs args) {
    return Attention.Sequences.paged(
        args.qNope().dim(1), args.blockTable(), args.seqLens(), spec.pageSize());
  }

  /** Returns the bytes of one latent vector per query and head. */
  private long latentBytes(MlaDecodeAbsorbedArgs args) {
    return Math.multiplyExact(
        args.qNope().dim(0) * args.qNope().dim(1),
        spec.dims().heads() * spec.dims().latentDim() * Float.BYTES);
  }

  @Override
  public long workspaceBytes(MlaDecodeAbsorbedArgs args) {
    return 2 * latentBytes(args) + attention.workspaceBytes(sequences(args));
  }

  @Override
  public void launch(BackendQueue queue, MlaDecodeAbsorbedArgs args, DeviceMemory workspace) {
    MlaDims dims = spec.dims();
    long queries = args.qNope().dim(1);
    long rows = args.qNope().dim(0) * queries;
    if (rows == 0) {
      return;
    }
    absorb(queue, args, workspace, queries, rows);
    long latent = dims.latentDim();
    long token = dims.heads() * latent;
    long output = latentBytes(args);
    Heads cache = Heads.of(args.kvCache(), 0, dims.cachedDim(), 0);
    attention.run(
        queue,
        new Attention.Vectors(
            Heads.in(workspace, 0, queries * token, token, latent),
            Heads.padded(args.qRope()),
            cache,
            cache.from(latent),
            cache,
            null,
            Heads.in(workspace, output, queries * token, token, latent),
            Heads.padded(args.lse())),
        sequences(args),
        workspace,
        2 * output);
    long perHead = (dims.nopeDim() + dims.valueDim()) * latent;
    product.run(
        queue,
        Product.Factors.of(
                Rows.in(workspace, output, DType.F32, latent, token),
                Rows.NONE,
                Rows.of(args.wKvb(), perHead, latent).from(dims.nopeDim() * latent),
                Rows.NONE,
                Product.Scales.NONE,
                Rows.of(args.o(), args.o().strides().step(2), args.o().strides().step(1)))
            .inRuns(new Product.Runs(args.o().strides().step(0), queries)),
        Product.Assignment.dense(dims.heads()),
        rows,
        dims.valueDim(),
        latent);
  }

  private void absorb(
      BackendQueue queue,
      MlaDecodeAbsorbedArgs args,
      DeviceMemory workspace,
      long queries,
      long rows) {
    MlaDims dims = spec.dims();
    Launch launch = absorb.launch();
    Heads.padded(args.qNope())
        .give(launch)
        .tensor(args.wKvb())
        .memory(workspace, 0)
        .i32(TypeNumbers.of(spec.dtype()))
        .i32(TypeNumbers.of(spec.weight()))
        .i32(Math.toIntExact(dims.heads()))
        .i32(Math.toIntExact(dims.nopeDim()))
        .i32(Math.toIntExact(dims.latentDim()))
        .i64(dims.nopeDim() + dims.valueDim())
        .i64(queries)
        .i64(rows)
        .run(
            queue,
            new long[] {target.rowGroup(), dims.heads(), Math.ceilDiv(rows, ABSORBED_ROWS)},
            new long[] {target.rowGroup(), 1, 1});
  }

  @Override
  public void close() {
    absorb.close();
    attention.close();
    product.close();
  }
}

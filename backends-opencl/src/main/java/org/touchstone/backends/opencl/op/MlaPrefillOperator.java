package org.touchstone.backends.opencl.op;

import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillArgs;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/**
 * Expands keys and values of as many heads as the workspace holds, in FP32, and attends to them;
 * see {@link Product} and {@link Attention}.
 */
final class MlaPrefillOperator implements Kernel<MlaPrefillArgs> {
  /** Bytes of expanded keys and values at a time, unless a single head needs more. */
  private static final long BUDGET = 256L << 20;

  private final MlaPrefillSpec spec;
  private final Product product;
  private final Attention attention;

  private MlaPrefillOperator(MlaPrefillSpec spec, Product product, Attention attention) {
    this.spec = spec;
    this.product = product;
    this.attention = attention;
  }

  static Plan<MlaPrefillArgs> plan(MlaPrefillSpec spec, Target target) {
    return Attention.plan(
        spec,
        target,
        shape(spec, spec.dims().heads()),
        attention -> new MlaPrefillOperator(spec, new Product(target), attention));
  }

  private static Attention.Shape shape(MlaPrefillSpec spec, long heads) {
    MlaDims dims = spec.dims();
    return new Attention.Shape(
        heads,
        heads,
        dims.nopeDim(),
        dims.ropeDim(),
        dims.valueDim(),
        false,
        spec.scale(),
        spec.mask(),
        0);
  }

  /** Returns the expanded elements of a token and head. */
  private long expanded() {
    return spec.dims().nopeDim() + spec.dims().valueDim();
  }

  private long headsAtATime(MlaPrefillArgs args) {
    long perHead = Math.max(1, args.latent().dim(0)) * expanded() * Float.BYTES;
    return Math.clamp(BUDGET / perHead, 1, spec.dims().heads());
  }

  @Override
  public long workspaceBytes(MlaPrefillArgs args) {
    return Math.multiplyExact(headsAtATime(args), args.latent().dim(0) * expanded() * Float.BYTES);
  }

  @Override
  public void launch(BackendQueue queue, MlaPrefillArgs args, DeviceMemory workspace) {
    MlaDims dims = spec.dims();
    long atATime = headsAtATime(args);
    long keys = args.latent().dim(0);
    Attention.Sequences sequences =
        Attention.Sequences.varlen(args.qNope().dim(0), args.cuSeqlensQ(), args.cuSeqlensK());
    for (long head = 0; head < dims.heads(); head += atATime) {
      long heads = Math.min(atATime, dims.heads() - head);
      long width = heads * expanded();
      product.run(
          queue,
          Product.Factors.of(
              Rows.of(args.latent()),
              Rows.NONE,
              Rows.of(args.wKvb(), 0, dims.latentDim()).from(head * expanded() * dims.latentDim()),
              Rows.NONE,
              Product.Scales.NONE,
              Rows.in(workspace, 0, DType.F32, 0, width)),
          Product.Assignment.dense(1),
          keys,
          width,
          dims.latentDim());
      Heads kv = Heads.in(workspace, 0, 0, width, expanded());
      attention.run(
          queue,
          shape(spec, heads),
          new Attention.Vectors(
              Heads.packed(args.qNope()).fromHead(head),
              Heads.packed(args.qRope()).fromHead(head),
              kv,
              Heads.of(args.keyRope(), 0, args.keyRope().strides().step(0), 0),
              kv.from(dims.nopeDim()),
              null,
              Heads.packed(args.o()).fromHead(head),
              Heads.packed(args.lse()).fromHead(head)),
          sequences,
          workspace,
          0);
    }
  }

  @Override
  public void close() {
    product.close();
    attention.close();
  }
}

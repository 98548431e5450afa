package org.touchstone.backends.opencl.op;

import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Attends over a paged cache in splits of fixed size; see {@link Attention}. */
final class AttentionDecodePagedOperator implements Kernel<AttentionDecodePagedArgs> {
  private final AttentionDecodePagedSpec spec;
  private final Attention attention;

  private AttentionDecodePagedOperator(AttentionDecodePagedSpec spec, Attention attention) {
    this.spec = spec;
    this.attention = attention;
  }

  static Plan<AttentionDecodePagedArgs> plan(AttentionDecodePagedSpec spec, Target target) {
    Attention.Shape shape =
        new Attention.Shape(
            spec.heads(),
            spec.kvHeads(),
            spec.headDim(),
            0,
            spec.valueDim(),
            false,
            spec.scale(),
            spec.mask(),
            spec.softcap());
    return Attention.plan(
        spec,
        target,
        shape,
        () -> SingleQueries.of(spec, shape, target),
        attention -> new AttentionDecodePagedOperator(spec, attention));
  }

  private Attention.Sequences sequences(AttentionDecodePagedArgs args) {
    return Attention.Sequences.paged(
        args.q().dim(1), args.blockTable(), args.seqLens(), spec.pageSize());
  }

  @Override
  public long workspaceBytes(AttentionDecodePagedArgs args) {
    return attention.workspaceBytes(sequences(args));
  }

  @Override
  public void launch(BackendQueue queue, AttentionDecodePagedArgs args, DeviceMemory workspace) {
    attention.run(
        queue,
        new Attention.Vectors(
            Heads.padded(args.q()),
            Heads.NONE,
            cached(args.kCache(), spec.headDim()),
            Heads.NONE,
            cached(args.vCache(), spec.valueDim()),
            args.sinks(),
            Heads.padded(args.o()),
            Heads.padded(args.lse())),
        sequences(args),
        workspace,
        0);
  }

  /** Takes a cache, which is dense. */
  private Heads cached(Tensor cache, long dim) {
    return Heads.of(cache, 0, spec.kvHeads() * dim, dim);
  }

  @Override
  public void close() {
    attention.close();
  }
}

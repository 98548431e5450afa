package org.touchstone.backends.opencl.op;

import java.util.Objects;
import org.touchstone.api.op.AttentionPrefillArgs;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.AttentionPrefillSpec.Packing;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** Attends over contiguous keys; see {@link Attention}. */
final class AttentionPrefillOperator implements Kernel<AttentionPrefillArgs> {
  private final AttentionPrefillSpec spec;
  private final Attention attention;

  private AttentionPrefillOperator(AttentionPrefillSpec spec, Attention attention) {
    this.spec = spec;
    this.attention = attention;
  }

  static Plan<AttentionPrefillArgs> plan(AttentionPrefillSpec spec, Target target) {
    return Attention.plan(
        spec,
        target,
        new Attention.Shape(
            spec.heads(),
            spec.kvHeads(),
            spec.headDim(),
            0,
            spec.valueDim(),
            false,
            spec.scale(),
            spec.mask(),
            spec.softcap()),
        attention -> new AttentionPrefillOperator(spec, attention));
  }

  @Override
  public void launch(BackendQueue queue, AttentionPrefillArgs args, DeviceMemory workspace) {
    boolean padded = spec.packing() == Packing.PADDED;
    Attention.Sequences sequences =
        padded
            ? Attention.Sequences.padded(args.q().dim(0), args.q().dim(1), args.k().dim(1))
            : Attention.Sequences.varlen(
                args.q().dim(0),
                Objects.requireNonNull(args.cuSeqlensQ()),
                Objects.requireNonNull(args.cuSeqlensK()));
    attention.run(
        queue,
        new Attention.Vectors(
            padded ? Heads.padded(args.q()) : Heads.packed(args.q()),
            Heads.NONE,
            padded ? Heads.padded(args.k()) : Heads.packed(args.k()),
            Heads.NONE,
            padded ? Heads.padded(args.v()) : Heads.packed(args.v()),
            args.sinks(),
            padded ? Heads.padded(args.o()) : Heads.packed(args.o()),
            padded ? Heads.padded(args.lse()) : Heads.packed(args.lse())),
        sequences,
        workspace,
        0);
  }

  @Override
  public void close() {
    attention.close();
  }
}

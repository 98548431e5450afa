package org.touchstone.backends.opencl.op;

import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardSpec;

/**
 * Where the intermediate results of {@code moe_forward} lie in its workspace, for as many tokens at
 * a time as a budget allows.
 */
final class MoeWorkspace {
  /** Bytes that a launch may take, unless a single token needs more. */
  private static final long BUDGET = 256L << 20;

  private static final long ALIGNMENT = 64;

  /** Tokens that are computed at a time. */
  final long tokens;

  /** Type of hidden activations as they lie here. */
  final DType hiddenType;

  /** I32: first place of each expert, slot of each place, place of each slot. */
  final long offsets;

  final long order;
  final long place;

  /** Codes of x and their FP32 scales. */
  final long input;

  final long inputScale;

  /** Gate and up projections by place, then hidden activations and their FP32 scales. */
  final long gateUp;

  final long hidden;
  final long hiddenScale;

  /** FP32 outputs by place. */
  final long outputs;

  /** The same of the shared expert, by token, and its multiplier. */
  final long sharedGateUp;

  final long sharedHidden;
  final long sharedHiddenScale;
  final long sharedOutputs;
  final long sharedScale;

  /** Size of the whole. */
  final long bytes;

  private long next;

  private MoeWorkspace(MoeForwardSpec spec, long tokens) {
    this.tokens = tokens;
    boolean scaled = spec.operands().scaled();
    long slots = tokens * spec.topK();
    long wide = spec.intermediate();
    long sharedWide = spec.sharedIntermediate();
    long columns = spec.hiddenSize();
    hiddenType = scaled ? DType.E4M3FN : spec.hidden();
    offsets = take(DType.I32, spec.experts() + 1);
    order = take(DType.I32, slots);
    place = take(DType.I32, slots);
    input = take(DType.E4M3FN, scaled ? tokens * columns : 0);
    inputScale = take(DType.F32, scaled ? tokens * blocks(columns) : 0);
    gateUp = take(spec.gateUp(), slots * 2 * wide);
    hidden = take(hiddenType, slots * wide);
    hiddenScale = take(DType.F32, scaled ? slots * blocks(wide) : 0);
    outputs = take(DType.F32, slots * columns);
    sharedGateUp = take(spec.gateUp(), tokens * 2 * sharedWide);
    sharedHidden = take(hiddenType, tokens * sharedWide);
    sharedHiddenScale = take(DType.F32, scaled ? tokens * blocks(sharedWide) : 0);
    sharedOutputs = take(DType.F32, sharedWide == 0 ? 0 : tokens * columns);
    sharedScale = take(DType.F32, tokens);
    bytes = next;
  }

  /** Plans a launch over so many tokens. */
  static MoeWorkspace of(MoeForwardSpec spec, long tokens) {
    MoeWorkspace all = new MoeWorkspace(spec, tokens);
    return all.bytes <= BUDGET
        ? all
        : new MoeWorkspace(spec, Math.clamp(BUDGET / new MoeWorkspace(spec, 1).bytes, 1, tokens));
  }

  private long take(DType type, long elements) {
    long at = next;
    long size = type.bytesFor(elements);
    next = Math.ceilDiv(Math.addExact(next, size), ALIGNMENT) * ALIGNMENT;
    return at;
  }

  static long blocks(long extent) {
    return Math.ceilDiv(extent, GemmOperands.BLOCK);
  }
}

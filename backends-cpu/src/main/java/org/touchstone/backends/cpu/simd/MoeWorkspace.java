package org.touchstone.backends.cpu.simd;

import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardSpec;

/**
 * Where the intermediate results of {@code moe_forward} lie in its workspace. Expert outputs are
 * kept for a range of columns at a time, so the workspace grows with the tokens by little more than
 * the hidden activations.
 */
final class MoeWorkspace {
  /** Bytes that the outputs of all slots may take, unless one panel needs more. */
  private static final long OUTPUT_BUDGET = 32L << 20;

  private static final long ALIGNMENT = 64;

  /** Columns of y that a task computes: one row of scale blocks. */
  static final int PANEL = GemmOperands.BLOCK;

  /** Element type of hidden activations. */
  final DType hiddenType;

  /** Columns of y per range. */
  final int columns;

  /** I32, slots in expert order. */
  final long order;

  /** Codes of x, without gaps, and their FP32 scales. */
  final long input;

  final long inputScale;

  /** FP32, multiplier of the shared expert per token. */
  final long sharedScale;

  /** Hidden activations of the slots in expert order, without gaps, and their FP32 scales. */
  final long hidden;

  final long hiddenScale;

  /** Hidden activations of the shared expert by token, and their FP32 scales. */
  final long sharedHidden;

  final long sharedHiddenScale;

  /** FP32 outputs by slot number, then those of the shared expert by token. */
  final long outputs;

  final long bytes;

  private long next;

  MoeWorkspace(MoeForwardSpec spec, long tokens) {
    boolean scaled = spec.operands().scaled();
    boolean shared = spec.sharedIntermediate() > 0;
    long slots = tokens * spec.topK();
    hiddenType = scaled ? DType.E4M3FN : spec.hidden();
    long hiddenBytes = hiddenType.bits() / Byte.SIZE;
    order = take(4 * slots);
    input = take(scaled ? tokens * spec.hiddenSize() : 0);
    inputScale = take(scaled ? 4 * tokens * groups(spec.hiddenSize()) : 0);
    sharedScale = take(4 * tokens);
    hidden = take(slots * spec.intermediate() * hiddenBytes);
    hiddenScale = take(scaled ? 4 * slots * groups(spec.intermediate()) : 0);
    sharedHidden = take(tokens * spec.sharedIntermediate() * hiddenBytes);
    sharedHiddenScale = take(scaled ? 4 * tokens * groups(spec.sharedIntermediate()) : 0);
    long rows = Math.max(1, slots + (shared ? tokens : 0));
    long affordable = OUTPUT_BUDGET / (4 * rows) / PANEL * PANEL;
    columns = (int) Math.min(spec.hiddenSize(), Math.max(PANEL, affordable));
    outputs = take(4 * rows * columns);
    bytes = next;
  }

  private long take(long size) {
    long at = next;
    next = Math.ceilDiv(Math.addExact(next, size), ALIGNMENT) * ALIGNMENT;
    return at;
  }

  private static long groups(long columnCount) {
    return Math.ceilDiv(columnCount, GemmOperands.BLOCK);
  }
}

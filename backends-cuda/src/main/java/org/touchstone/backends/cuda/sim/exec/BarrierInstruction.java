package org.touchstone.backends.cuda.sim.exec;

/** {@code bar} and {@code barrier}: sync, arrive and reductions. */
final class BarrierInstruction extends Instruction {
  /** What happens at the barrier. */
  enum Action {
    SYNC,
    ARRIVE,
    POPC,
    AND,
    OR
  }

  final Action action;

  /** Whether all lanes of a warp must execute it together, those that ended included. */
  final boolean aligned;

  final int idSlot;

  /** Slot of the thread count, or −1 for all threads of the block. */
  final int countSlot;

  /** Slot or predicate that a reduction writes. */
  final int d;

  /** Predicate that a reduction reads. */
  final int p;

  final boolean negated;

  BarrierInstruction(
      Action action, boolean aligned, int idSlot, int countSlot, int d, int p, boolean negated) {
    this.kind = Kind.BARRIER;
    this.action = action;
    this.aligned = aligned;
    this.idSlot = idSlot;
    this.countSlot = countSlot;
    this.d = d;
    this.p = p;
    this.negated = negated;
  }

  @Override
  void execute(Warp w, int mask) {
    throw new IllegalStateException("barriers are the block's");
  }
}

package org.touchstone.backends.cuda.sim.exec;

/** Control flow; the interpreter reads the fields, {@link #execute} is never called. */
final class Branch extends Instruction {
  /** Index of the target, or −1 for an indexed branch. */
  int target = -1;

  /** Targets of an indexed branch. */
  int[] targets = {};

  /** Slot of the index register of an indexed branch. */
  int slot;

  Branch(Kind kind) {
    this.kind = kind;
  }

  @Override
  void execute(Warp w, int mask) {
    throw new IllegalStateException("control flow is the interpreter's");
  }
}

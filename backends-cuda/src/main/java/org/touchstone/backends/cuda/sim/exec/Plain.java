package org.touchstone.backends.cuda.sim.exec;

/** An instruction given by a lambda. */
final class Plain extends Instruction {
  /** What the instruction does to the lanes of a mask. */
  @FunctionalInterface
  interface Action {
    void run(Warp w, int mask);
  }

  private final Action action;

  Plain(Action action) {
    this.action = action;
  }

  @Override
  void execute(Warp w, int mask) {
    action.run(w, mask);
  }
}

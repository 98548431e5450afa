package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.ptx.SourceLine;

/** A decoded instruction. Immutable once the program is linked; shared by all warps. */
public abstract class Instruction {
  /** How the interpreter treats an instruction. */
  enum Kind {
    /** Runs under its mask. */
    PLAIN,
    /** Runs once the lanes that it needs are together. */
    CONVERGENT,
    /** Goes to another place. */
    BRANCH,
    /** Goes to a place that a register chooses. */
    INDEXED_BRANCH,
    /** Ends lanes. */
    EXIT,
    /** Arrives at a block barrier. */
    BARRIER
  }

  private static final int[] NONE = {};

  Kind kind = Kind.PLAIN;
  int guard = -1;
  boolean guardNegated;
  SourceLine where = new SourceLine(0, null);
  String text = "";

  /** Index in the program. */
  int index;

  /**
   * Registers whose lanes must hold something, as {@link Registers} codes them; only tracked ones.
   */
  int[] reads = NONE;

  /** Registers that are written, only tracked ones. */
  int[] writes = NONE;

  /** Copies whether a lane holds something from the sources instead of demanding it. */
  boolean passesUndefined;

  /** For the simulator's own instructions. */
  Instruction() {}

  /** Runs the lanes of the mask, which is never 0. */
  abstract void execute(Warp w, int mask);

  /**
   * Returns the lanes that must be together, for convergent instructions: by default all 32, as the
   * PTX ISA demands of {@code .sync.aligned} matrix instructions.
   */
  int required(Warp w, int mask) {
    return -1;
  }

  /** Says whether a member mask names those lanes. */
  boolean namesMembers() {
    return false;
  }
}

package org.touchstone.backends.cuda.sim.exec;

import java.util.BitSet;
import java.util.List;

/** Counts the 32-bit registers that hold values at the same time, by backward data flow. */
final class Liveness {
  private final List<Instruction> code;
  private final List<DefiniteAssignment.Use> uses;

  /** Registers live before instructions that branches go to; empty elsewhere. */
  private final BitSet[] atTarget;

  private Liveness(List<Instruction> code, List<DefiniteAssignment.Use> uses) {
    this.code = code;
    this.uses = uses;
    this.atTarget = new BitSet[code.size()];
    for (Instruction in : code) {
      if (in instanceof Branch b) {
        if (b.kind == Instruction.Kind.BRANCH) {
          atTarget[b.target] = new BitSet();
        }
        for (int t : b.targets) {
          atTarget[t] = new BitSet();
        }
      }
    }
  }

  static int most(List<Instruction> code, List<DefiniteAssignment.Use> uses) {
    Liveness l = new Liveness(code, uses);
    boolean changed = true;
    while (changed) {
      changed = l.pass(null);
    }
    int[] most = {0};
    l.pass(most);
    return most[0];
  }

  /** Goes through the code backward once; says whether any target's set has grown. */
  private boolean pass(int @org.jspecify.annotations.Nullable [] most) {
    BitSet live = new BitSet();
    boolean changed = false;
    for (int i = code.size() - 1; i >= 0; i--) {
      Instruction in = code.get(i);
      if (in instanceof Branch b) {
        if (b.guard < 0) {
          live.clear();
        }
        if (b.kind == Instruction.Kind.BRANCH) {
          live.or(atTarget[b.target]);
        }
        for (int t : b.targets) {
          live.or(atTarget[t]);
        }
      }
      if (in.guard < 0) {
        uses.get(i).writes().forEach(live::clear);
      }
      uses.get(i).reads().forEach(live::set);
      BitSet target = atTarget[i];
      if (target != null) {
        int had = target.cardinality();
        target.or(live);
        changed |= target.cardinality() != had;
      }
      if (most != null) {
        most[0] = Math.max(most[0], words(live));
      }
    }
    return changed;
  }

  private static int words(BitSet live) {
    int words = 0;
    for (int r = live.nextSetBit(0); r >= 0; r = live.nextSetBit(r + 1)) {
      words += (r & 3) == Registers.LONG ? 2 : (r & 3) == Registers.INT ? 1 : 0;
    }
    return words;
  }
}

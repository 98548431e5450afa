package org.touchstone.backends.cuda.sim.exec;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the register reads that some path reaches without a write: only these need a check when the
 * kernel runs, and only the registers that they read need to be tracked.
 */
final class DefiniteAssignment {
  /**
   * The registers of an instruction.
   *
   * @param reads coded registers, the guard included
   * @param writes coded registers
   */
  record Use(List<Integer> reads, List<Integer> writes) {}

  private final List<Instruction> code;
  private final List<Use> uses;
  private final Map<Integer, Integer> numbers = new HashMap<>();

  /** Registers that are written on all paths to each instruction; null if none was found yet. */
  private final @Nullable BitSet[] before;

  DefiniteAssignment(List<Instruction> code, List<Use> uses) {
    this.code = code;
    this.uses = uses;
    this.before = new BitSet[code.size()];
  }

  private int number(int register) {
    return numbers.computeIfAbsent(register, r -> numbers.size());
  }

  /** Sets the checked reads and the tracked writes of all instructions. */
  void apply() {
    solve();
    BitSet tracked = new BitSet();
    for (int i = 0; i < code.size(); i++) {
      BitSet state = before[i];
      if (state != null) {
        for (int r : uses.get(i).reads()) {
          if (!state.get(number(r))) {
            tracked.set(number(r));
          }
        }
      }
    }
    // What a move copies from a tracked register is as undefined as the source: track it too.
    boolean grown = !tracked.isEmpty();
    while (grown) {
      grown = false;
      for (int i = 0; i < code.size(); i++) {
        if (code.get(i).passesUndefined && any(uses.get(i).reads(), tracked)) {
          for (int r : uses.get(i).writes()) {
            grown |= !tracked.get(number(r));
            tracked.set(number(r));
          }
        }
      }
    }
    for (int i = 0; i < code.size(); i++) {
      Instruction in = code.get(i);
      BitSet state = before[i];
      in.writes = only(uses.get(i).writes(), tracked);
      List<Integer> reads = new ArrayList<>();
      for (int r : uses.get(i).reads()) {
        if (state != null && tracked.get(number(r)) && !state.get(number(r))) {
          reads.add(r);
        }
      }
      in.reads = reads.stream().mapToInt(Integer::intValue).toArray();
    }
  }

  private boolean any(List<Integer> registers, BitSet set) {
    return registers.stream().anyMatch(r -> set.get(number(r)));
  }

  private int[] only(List<Integer> registers, BitSet set) {
    return registers.stream().filter(r -> set.get(number(r))).mapToInt(Integer::intValue).toArray();
  }

  private void solve() {
    Deque<Integer> work = new ArrayDeque<>();
    before[0] = new BitSet();
    work.add(0);
    while (!work.isEmpty()) {
      int i = work.poll();
      // Straight-line code needs no queue.
      while (true) {
        BitSet out = after(i);
        Instruction in = code.get(i);
        boolean falls = true;
        if (in instanceof Branch b) {
          falls = b.guard >= 0;
          if (b.kind == Instruction.Kind.BRANCH) {
            meet(b.target, out, work);
          } else if (b.kind == Instruction.Kind.INDEXED_BRANCH) {
            for (int target : b.targets) {
              meet(target, out, work);
            }
          }
        }
        if (!falls || i + 1 >= code.size() || !merge(i + 1, out)) {
          break;
        }
        i++;
      }
    }
  }

  private void meet(int target, BitSet out, Deque<Integer> work) {
    if (merge(target, out)) {
      work.add(target);
    }
  }

  private boolean merge(int target, BitSet out) {
    BitSet state = before[target];
    if (state == null) {
      before[target] = (BitSet) out.clone();
      return true;
    }
    int had = state.cardinality();
    state.and(out);
    return state.cardinality() != had;
  }

  private BitSet after(int i) {
    BitSet state = before[i];
    BitSet out = state == null ? new BitSet() : (BitSet) state.clone();
    Instruction in = code.get(i);
    boolean defined =
        !in.passesUndefined || uses.get(i).reads().stream().allMatch(r -> out.get(number(r)));
    if (in.guard < 0 || !defined) {
      for (int w : uses.get(i).writes()) {
        out.set(number(w), defined);
      }
    }
    return out;
  }
}

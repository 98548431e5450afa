package org.touchstone.backends.cuda.sim.exec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.touchstone.backends.cuda.sim.math.Rounding;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/** The modifiers of an opcode; what a decoder does not take is an error. */
final class Modifiers {
  private static final Set<String> CACHE =
      Set.of(
          "ca",
          "cg",
          "cs",
          "lu",
          "cv",
          "wb",
          "wt",
          "nc",
          "L1::evict_normal",
          "L1::evict_unchanged",
          "L1::evict_first",
          "L1::evict_last",
          "L1::no_allocate",
          "L2::64B",
          "L2::128B",
          "L2::256B",
          "L2::evict_first",
          "L2::evict_last",
          "L2::evict_normal");

  private final PtxInstruction in;
  private final List<String> left;

  Modifiers(PtxInstruction in) {
    this.in = in;
    List<String> parts = new ArrayList<>(Arrays.asList(in.opcode().split("\\.", -1)));
    parts.removeFirst();
    this.left = parts;
  }

  boolean take(String modifier) {
    return left.remove(modifier);
  }

  /** Takes the first of these that is there, or returns an empty string. */
  String takeOne(String... modifiers) {
    for (String m : modifiers) {
      if (left.remove(m)) {
        return m;
      }
    }
    return "";
  }

  /** Takes hints that change no result: cache operators and eviction priorities. */
  void takeCacheHints() {
    left.removeIf(CACHE::contains);
  }

  /** Takes the last modifier, which is a type. */
  String takeType() {
    if (left.isEmpty()) {
      throw in.error("no type");
    }
    return left.removeLast();
  }

  Rounding takeRounding() {
    return switch (takeOne("rn", "rz", "rm", "rp")) {
      case "rz" -> Rounding.RZ;
      case "rm" -> Rounding.RM;
      case "rp" -> Rounding.RP;
      default -> Rounding.RN;
    };
  }

  /** Takes a modifier or fails. */
  void demand(String modifier) {
    if (!take(modifier)) {
      throw in.error("unsupported instruction without ." + modifier);
    }
  }

  /** Fails if modifiers are left. */
  void end() {
    if (!left.isEmpty()) {
      throw in.error("unsupported modifier ." + String.join(".", left));
    }
  }
}

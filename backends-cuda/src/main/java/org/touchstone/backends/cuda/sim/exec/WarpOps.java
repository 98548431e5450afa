package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/**
 * Instructions by which the lanes of a warp exchange values: shfl, vote, match, redux, bar.warp.
 */
final class WarpOps extends Instruction {
  /** What the lanes of a mask do, given the members among them. */
  private interface Action {
    void run(Warp w, int mask);
  }

  private final Action action;
  private final int members;

  private WarpOps(Action action, int members) {
    this.kind = Kind.CONVERGENT;
    this.action = action;
    this.members = members;
  }

  /** All lanes that any active lane's member mask names must be together. */
  @Override
  int required(Warp w, int mask) {
    int all = 0;
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      int named = w.r[members + l];
      if ((named >>> l & 1) == 0) {
        throw w.fail(
            FindingKind.WRONG_MEMBER_MASK,
            l,
            String.format("the member mask 0x%08x lacks the lane that executes it", named));
      }
      all |= named;
    }
    // Lanes that have ended are not waited for.
    return all & w.live;
  }

  @Override
  boolean namesMembers() {
    return true;
  }

  @Override
  void execute(Warp w, int mask) {
    action.run(w, mask);
  }

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m) {
    m.demand("sync");
    return switch (in.root()) {
      case "shfl" -> shuffle(d, in, m);
      case "vote" -> vote(d, in, m);
      case "match" -> match(d, in, m);
      case "redux" -> redux(d, in, m);
      case "elect" -> elect(d, in, m);
      default -> throw in.error("unsupported instruction");
    };
  }

  static Instruction warpBarrier(Decoder d, PtxInstruction in) {
    d.operands(in, 1);
    int members = d.registers().int32(in, in.operands().getFirst(), false);
    return new WarpOps((w, mask) -> {}, members);
  }

  private static Instruction shuffle(Decoder d, PtxInstruction in, Modifiers m) {
    String mode = m.takeOne("up", "down", "bfly", "idx");
    m.demand("b32");
    m.end();
    d.operands(in, 5);
    Registers registers = d.registers();
    String[] targets = in.operands().getFirst().split("\\|", -1);
    int a = registers.int32(in, in.operands().get(1), false);
    int b = registers.int32(in, in.operands().get(2), false);
    int c = registers.int32(in, in.operands().get(3), false);
    int members = registers.int32(in, in.operands().get(4), false);
    int t =
        targets[0].strip().equals("_")
            ? -1
            : registers.write(in, targets[0].strip(), Registers.INT);
    int p = targets.length > 1 ? d.predicateTarget(in, targets[1].strip()) : -1;
    return new WarpOps((w, mask) -> shuffle(w, mask, mode, a, b, c, members, t, p), members);
  }

  private static void shuffle(
      Warp w, int mask, String mode, int a, int b, int c, int members, int t, int p) {
    int[] r = w.r;
    int[] out = w.scratch;
    int valid = 0;
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      int clamp = r[c + l] & 31;
      int segment = r[c + l] >>> 8 & 31;
      int by = r[b + l] & 31;
      int max = (l & segment) | (clamp & ~segment);
      int min = l & segment;
      int from =
          switch (mode) {
            case "up" -> l - by;
            case "down" -> l + by;
            case "bfly" -> l ^ by;
            default -> min | (by & ~segment);
          };
      boolean in = mode.equals("up") ? from >= max : from <= max;
      if (!in) {
        from = l;
      } else if ((mask >>> from & 1) == 0 || (r[members + l] >>> from & 1) == 0) {
        throw w.fail(
            FindingKind.SHUFFLE_SOURCE, l, "reads lane " + from + ", which does not take part");
      }
      out[l] = r[a + from];
      valid |= in ? 1 << l : 0;
    }
    if (t >= 0) {
      for (int m = mask; m != 0; m &= m - 1) {
        int l = Integer.numberOfTrailingZeros(m);
        r[t + l] = out[l];
      }
    }
    if (p >= 0) {
      w.setPredicate(p, valid, mask);
    }
  }

  private static Instruction vote(Decoder d, PtxInstruction in, Modifiers m) {
    String mode = m.takeOne("all", "any", "uni", "ballot");
    m.demand(mode.equals("ballot") ? "b32" : "pred");
    m.end();
    d.operands(in, 3);
    Registers registers = d.registers();
    String source = in.operands().get(1);
    boolean negated = source.startsWith("!");
    String name = source.substring(negated ? 1 : 0).strip();
    boolean constant = !registers.isRegister(name);
    int fixed = constant && registers.constant(in, name, true) != 0 ? -1 : 0;
    int a = constant ? -1 : registers.predicate(in, name);
    int members = registers.int32(in, in.operands().get(2), false);
    String target = in.operands().getFirst();
    int t =
        mode.equals("ballot")
            ? registers.write(in, target, Registers.INT)
            : registers.write(in, target, Registers.PREDICATE);
    return new WarpOps(
        (w, mask) -> {
          int v = a < 0 ? fixed : w.p[a];
          v = negated ? ~v : v;
          for (int rest = mask; rest != 0; rest &= rest - 1) {
            int l = Integer.numberOfTrailingZeros(rest);
            int group = w.r[members + l] & mask;
            int votes = v & group;
            if (mode.equals("ballot")) {
              w.r[t + l] = votes;
            } else {
              boolean yes =
                  switch (mode) {
                    case "all" -> votes == group;
                    case "any" -> votes != 0;
                    default -> votes == 0 || votes == group;
                  };
              w.setPredicate(t, yes ? -1 : 0, 1 << l);
            }
          }
        },
        members);
  }

  private static Instruction match(Decoder d, PtxInstruction in, Modifiers m) {
    String mode = m.takeOne("any", "all");
    String type = m.takeType();
    m.end();
    d.operands(in, 3);
    Registers registers = d.registers();
    boolean wide = type.equals("b64");
    int a = d.source(in, in.operands().get(1), type);
    int members = registers.int32(in, in.operands().get(2), false);
    String[] targets = in.operands().getFirst().split("\\|", -1);
    int t = registers.write(in, targets[0].strip(), Registers.INT);
    int p = targets.length > 1 ? d.predicateTarget(in, targets[1].strip()) : -1;
    boolean all = mode.equals("all");
    return new WarpOps(
        (w, mask) -> {
          for (int rest = mask; rest != 0; rest &= rest - 1) {
            int l = Integer.numberOfTrailingZeros(rest);
            int group = w.r[members + l] & mask;
            int same = 0;
            for (int g = group; g != 0; g &= g - 1) {
              int o = Integer.numberOfTrailingZeros(g);
              boolean equal = wide ? w.q[a + o] == w.q[a + l] : w.r[a + o] == w.r[a + l];
              same |= equal ? 1 << o : 0;
            }
            w.scratch[l] = all && same != group ? 0 : same;
            if (p >= 0) {
              w.setPredicate(p, same == group ? -1 : 0, 1 << l);
            }
          }
          for (int rest = mask; rest != 0; rest &= rest - 1) {
            int l = Integer.numberOfTrailingZeros(rest);
            w.r[t + l] = w.scratch[l];
          }
        },
        members);
  }

  /** Reduces two values. */
  private interface Reduction {
    int apply(int a, int b);
  }

  private static Instruction redux(Decoder d, PtxInstruction in, Modifiers m) {
    String op = m.takeOne("add", "min", "max", "and", "or", "xor");
    String type = m.takeType();
    m.end();
    d.operands(in, 3);
    Registers registers = d.registers();
    Reduction f =
        switch (op + "." + type) {
          case "add.u32", "add.s32" -> Integer::sum;
          case "min.s32" -> Math::min;
          case "max.s32" -> Math::max;
          case "min.u32" -> (x, y) -> Integer.compareUnsigned(x, y) < 0 ? x : y;
          case "max.u32" -> (x, y) -> Integer.compareUnsigned(x, y) > 0 ? x : y;
          case "and.b32" -> (x, y) -> x & y;
          case "or.b32" -> (x, y) -> x | y;
          case "xor.b32" -> (x, y) -> x ^ y;
          default -> throw in.error("unsupported reduction");
        };
    int a = registers.int32(in, in.operands().get(1), false);
    int members = registers.int32(in, in.operands().get(2), false);
    int t = registers.write(in, in.operands().getFirst(), Registers.INT);
    return new WarpOps(
        (w, mask) -> {
          for (int rest = mask; rest != 0; rest &= rest - 1) {
            int l = Integer.numberOfTrailingZeros(rest);
            int sum = w.r[a + l];
            for (int g = w.r[members + l] & mask & ~(1 << l); g != 0; g &= g - 1) {
              sum = f.apply(sum, w.r[a + Integer.numberOfTrailingZeros(g)]);
            }
            w.scratch[l] = sum;
          }
          for (int rest = mask; rest != 0; rest &= rest - 1) {
            int l = Integer.numberOfTrailingZeros(rest);
            w.r[t + l] = w.scratch[l];
          }
        },
        members);
  }

  private static Instruction elect(Decoder d, PtxInstruction in, Modifiers m) {
    m.end();
    d.operands(in, 2);
    Registers registers = d.registers();
    int members = registers.int32(in, in.operands().get(1), false);
    String[] targets = in.operands().getFirst().split("\\|", -1);
    String lane = targets[0].strip();
    int t = lane.equals("_") ? -1 : registers.write(in, lane, Registers.INT);
    int p = d.predicateTarget(in, targets[1].strip());
    return new WarpOps(
        (w, mask) -> {
          int leader = Integer.numberOfTrailingZeros(mask);
          w.setPredicate(p, 1 << leader, mask);
          for (int rest = mask; rest != 0 && t >= 0; rest &= rest - 1) {
            w.r[t + Integer.numberOfTrailingZeros(rest)] = leader;
          }
        },
        members);
  }

  /** Decodes activemask, which asks only who runs together right now. */
  static Instruction activeMask(Decoder d, PtxInstruction in) {
    d.operands(in, 1);
    int t = d.registers().write(in, in.operands().getFirst(), Registers.INT);
    return new Plain(
        (w, mask) -> {
          for (int rest = mask; rest != 0; rest &= rest - 1) {
            w.r[t + Integer.numberOfTrailingZeros(rest)] = mask;
          }
        });
  }
}

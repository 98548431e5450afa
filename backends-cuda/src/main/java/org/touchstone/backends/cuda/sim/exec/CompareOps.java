package org.touchstone.backends.cuda.sim.exec;

import java.util.List;
import org.touchstone.backends.cuda.sim.math.FloatFormat;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/** {@code setp}, {@code set}, {@code selp}, {@code slct} and predicate logic. */
final class CompareOps {
  private CompareOps() {}

  /** Compares all lanes: bit l of the result is lane l's. */
  private interface Lanes {
    int run(int[] r, long[] q, int a, int b);
  }

  /** Decodes setp: {@code setp.cmp{.bool}{.ftz}.type p{|q}, a, b{, {!}c}}. */
  static Instruction setp(Decoder d, PtxInstruction in, Modifiers m) {
    String type = m.takeType();
    boolean flush = m.take("ftz");
    String bool = m.takeOne("and", "or", "xor");
    String comparison = comparison(in, m);
    m.end();
    String[] targets = in.operands().get(0).split("\\|", -1);
    d.operands(in, bool.isEmpty() ? 3 : 4);
    int a = d.source(in, in.operands().get(1), type);
    int b = d.source(in, in.operands().get(2), type);
    String c = bool.isEmpty() ? "" : in.operands().get(3);
    boolean negated = c.startsWith("!");
    int pc = c.isEmpty() ? 0 : d.registers().predicate(in, c.substring(negated ? 1 : 0).strip());
    int p = d.predicateTarget(in, targets[0].strip());
    int q = targets.length > 1 ? d.predicateTarget(in, targets[1].strip()) : -1;
    return new SetP(lanes(in, comparison, type, flush), a, b, p, q, bool, pc, negated);
  }

  private static String comparison(PtxInstruction in, Modifiers m) {
    String comparison =
        m.takeOne(
            "eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu",
            "gtu", "geu", "num", "nan");
    if (comparison.isEmpty()) {
      throw in.error("no comparison");
    }
    return comparison;
  }

  /** Decodes set: all ones or 1.0 where the comparison holds, else 0. */
  static Instruction set(Decoder d, PtxInstruction in, Modifiers m) {
    String type = m.takeType();
    String result = m.takeType();
    boolean flush = m.take("ftz");
    String comparison = comparison(in, m);
    m.end();
    d.operands(in, 3);
    int ones =
        switch (result) {
          case "u32", "s32" -> -1;
          case "f32" -> 0x3f800000;
          default -> throw in.error("unsupported result type ." + result);
        };
    int a = d.source(in, in.operands().get(1), type);
    int b = d.source(in, in.operands().get(2), type);
    int target = d.registers().write(in, in.operands().get(0), Registers.INT);
    Lanes lanes = lanes(in, comparison, type, flush);
    return new Plain(
        (w, mask) -> {
          int v = lanes.run(w.r, w.q, a, b);
          for (int l = 0; l < 32; l++) {
            if ((mask >>> l & 1) != 0) {
              w.r[target + l] = (v >>> l & 1) != 0 ? ones : 0;
            }
          }
        });
  }

  private static final class SetP extends Instruction {
    private final Lanes lanes;
    private final int a;
    private final int b;
    private final int p;
    private final int q;
    private final int c;
    private final boolean negated;
    private final int bool;

    SetP(Lanes lanes, int a, int b, int p, int q, String bool, int c, boolean negated) {
      this.lanes = lanes;
      this.a = a;
      this.b = b;
      this.p = p;
      this.q = q;
      this.c = c;
      this.negated = negated;
      this.bool =
          switch (bool) {
            case "and" -> 1;
            case "or" -> 2;
            case "xor" -> 3;
            default -> 0;
          };
    }

    @Override
    void execute(Warp w, int mask) {
      int v = lanes.run(w.r, w.q, a, b);
      int not = ~v;
      if (bool != 0) {
        int with = negated ? ~w.p[c] : w.p[c];
        v = combine(v, with);
        not = combine(not, with);
      }
      if (p >= 0) {
        w.setPredicate(p, v, mask);
      }
      if (q >= 0) {
        w.setPredicate(q, not, mask);
      }
    }

    private int combine(int v, int with) {
      return switch (bool) {
        case 1 -> v & with;
        case 2 -> v | with;
        default -> v ^ with;
      };
    }
  }

  private static Lanes lanes(PtxInstruction in, String comparison, String type, boolean flush) {
    return switch (type) {
      case "s32", "b32" -> words(in, comparison, 0);
      case "u32" -> words(in, comparison, Integer.MIN_VALUE);
      case "s16", "b16", "u16" -> halves(in, comparison, type.equals("s16"));
      case "s64", "b64", "u64" -> longs(in, comparison, type.equals("u64") ? Long.MIN_VALUE : 0);
      case "f32" -> floats(outcomes(in, comparison, true), flush);
      case "f64" -> doubles(outcomes(in, comparison, true));
      case "f16", "bf16" ->
          small(
              outcomes(in, comparison, true),
              type.equals("f16") ? FloatFormat.F16 : FloatFormat.BF16);
      default -> throw in.error("unsupported type ." + type);
    };
  }

  /** Returns which of less (1), equal (2), greater (4), unordered (8) satisfy a comparison. */
  private static int outcomes(PtxInstruction in, String comparison, boolean floats) {
    int set =
        switch (comparison) {
          case "lt", "lo" -> 1;
          case "eq" -> 2;
          case "le", "ls" -> 3;
          case "gt", "hi" -> 4;
          case "ne" -> 5;
          case "ge", "hs" -> 6;
          case "num" -> 7;
          case "nan" -> 8;
          case "ltu" -> 9;
          case "equ" -> 10;
          case "leu" -> 11;
          case "gtu" -> 12;
          case "neu" -> 13;
          case "geu" -> 14;
          default -> throw in.error("unknown comparison ." + comparison);
        };
    if (!floats && set > 6) {
      throw in.error("comparison ." + comparison + " is for floats");
    }
    return set;
  }

  /** Compares after adding a bias, which turns signed into unsigned order. */
  private static Lanes words(PtxInstruction in, String comparison, int bias) {
    boolean unsigned = bias != 0 || List.of("lo", "ls", "hi", "hs").contains(comparison);
    int add = unsigned ? Integer.MIN_VALUE : 0;
    return switch (outcomes(in, comparison, false)) {
      case 1 ->
          (r, q, a, b) -> {
            int v = 0;
            for (int l = 0; l < 32; l++) {
              v |= (r[a + l] + add < r[b + l] + add ? 1 : 0) << l;
            }
            return v;
          };
      case 2 ->
          (r, q, a, b) -> {
            int v = 0;
            for (int l = 0; l < 32; l++) {
              v |= (r[a + l] == r[b + l] ? 1 : 0) << l;
            }
            return v;
          };
      case 3 ->
          (r, q, a, b) -> {
            int v = 0;
            for (int l = 0; l < 32; l++) {
              v |= (r[a + l] + add <= r[b + l] + add ? 1 : 0) << l;
            }
            return v;
          };
      case 4 ->
          (r, q, a, b) -> {
            int v = 0;
            for (int l = 0; l < 32; l++) {
              v |= (r[a + l] + add > r[b + l] + add ? 1 : 0) << l;
            }
            return v;
          };
      case 5 ->
          (r, q, a, b) -> {
            int v = 0;
            for (int l = 0; l < 32; l++) {
              v |= (r[a + l] != r[b + l] ? 1 : 0) << l;
            }
            return v;
          };
      default ->
          (r, q, a, b) -> {
            int v = 0;
            for (int l = 0; l < 32; l++) {
              v |= (r[a + l] + add >= r[b + l] + add ? 1 : 0) << l;
            }
            return v;
          };
    };
  }

  private static Lanes halves(PtxInstruction in, String comparison, boolean signed) {
    int set = outcomes(in, comparison, false);
    return (r, q, a, b) -> {
      int v = 0;
      for (int l = 0; l < 32; l++) {
        int x = signed ? (short) r[a + l] : r[a + l] & 0xffff;
        int y = signed ? (short) r[b + l] : r[b + l] & 0xffff;
        int outcome = x < y ? 0 : x == y ? 1 : 2;
        v |= (set >>> outcome & 1) << l;
      }
      return v;
    };
  }

  private static Lanes longs(PtxInstruction in, String comparison, long bias) {
    boolean unsigned = bias != 0 || List.of("lo", "ls", "hi", "hs").contains(comparison);
    long add = unsigned ? Long.MIN_VALUE : 0;
    int set = outcomes(in, comparison, false);
    return (r, q, a, b) -> {
      int v = 0;
      for (int l = 0; l < 32; l++) {
        long x = q[a + l] + add;
        long y = q[b + l] + add;
        int outcome = x < y ? 0 : x == y ? 1 : 2;
        v |= (set >>> outcome & 1) << l;
      }
      return v;
    };
  }

  private static int outcome(double x, double y) {
    return x < y ? 0 : x == y ? 1 : x > y ? 2 : 3;
  }

  private static Lanes floats(int set, boolean flush) {
    FloatOps.Mode mode =
        new FloatOps.Mode(org.touchstone.backends.cuda.sim.math.Rounding.RN, flush, false);
    return (r, q, a, b) -> {
      int v = 0;
      for (int l = 0; l < 32; l++) {
        float x = mode.in(r[a + l]);
        float y = mode.in(r[b + l]);
        int outcome = x < y ? 0 : x == y ? 1 : x > y ? 2 : 3;
        v |= (set >>> outcome & 1) << l;
      }
      return v;
    };
  }

  private static Lanes doubles(int set) {
    return (r, q, a, b) -> {
      int v = 0;
      for (int l = 0; l < 32; l++) {
        int o = outcome(Double.longBitsToDouble(q[a + l]), Double.longBitsToDouble(q[b + l]));
        v |= (set >>> o & 1) << l;
      }
      return v;
    };
  }

  private static Lanes small(int set, FloatFormat format) {
    return (r, q, a, b) -> {
      int v = 0;
      for (int l = 0; l < 32; l++) {
        int o =
            outcome(
                HalfOps.decode(format, r[a + l] & 0xffff),
                HalfOps.decode(format, r[b + l] & 0xffff));
        v |= (set >>> o & 1) << l;
      }
      return v;
    };
  }

  /** Decodes selp. */
  static Instruction selp(Decoder d, PtxInstruction in, Modifiers m) {
    String type = m.takeType();
    m.end();
    d.operands(in, 4);
    boolean wide = type.endsWith("64");
    int a = d.source(in, in.operands().get(1), type);
    int b = d.source(in, in.operands().get(2), type);
    int p = d.registers().predicate(in, in.operands().get(3));
    int t = d.registers().write(in, in.operands().get(0), wide ? Registers.LONG : Registers.INT);
    if (wide) {
      return new Plain(
          (w, mask) -> {
            int v = w.p[p];
            long[] q = w.q;
            for (int l = 0; l < 32; l++) {
              if ((mask >>> l & 1) != 0) {
                q[t + l] = (v >>> l & 1) != 0 ? q[a + l] : q[b + l];
              }
            }
          });
    }
    return new Plain(
        (w, mask) -> {
          int v = w.p[p];
          int[] r = w.r;
          for (int l = 0; l < 32; l++) {
            if ((mask >>> l & 1) != 0) {
              r[t + l] = (v >>> l & 1) != 0 ? r[a + l] : r[b + l];
            }
          }
        });
  }

  /** Decodes slct.type.s32: a where c is not negative, else b. */
  static Instruction slct(Decoder d, PtxInstruction in, Modifiers m) {
    String by = m.takeType();
    String type = m.takeType();
    m.end();
    d.operands(in, 4);
    if (!by.equals("s32") || type.endsWith("64")) {
      throw in.error("unsupported instruction");
    }
    return d.alu(
        in,
        "iiii",
        (r, q, t, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[t + l] = r[c + l] >= 0 ? r[a + l] : r[b + l];
          }
        });
  }

  /** Decodes and, or, xor, not and mov of predicates. */
  static Instruction predicate(Decoder d, PtxInstruction in) {
    Registers registers = d.registers();
    boolean unary = in.root().equals("mov") || in.root().equals("not");
    d.operands(in, unary ? 2 : 3);
    String first = in.operands().get(1);
    if (unary && !registers.isRegister(first)) {
      int constant = registers.constant(in, first, true) != 0 ? -1 : 0;
      int value = in.root().equals("not") ? ~constant : constant;
      int t = registers.write(in, in.operands().get(0), Registers.PREDICATE);
      return new Plain((w, mask) -> w.setPredicate(t, value, mask));
    }
    int a = registers.predicate(in, first);
    int b = unary ? 0 : registers.predicate(in, in.operands().get(2));
    int t = registers.write(in, in.operands().get(0), Registers.PREDICATE);
    return switch (in.root()) {
      case "mov" -> new Plain((w, mask) -> w.setPredicate(t, w.p[a], mask));
      case "not" -> new Plain((w, mask) -> w.setPredicate(t, ~w.p[a], mask));
      case "and" -> new Plain((w, mask) -> w.setPredicate(t, w.p[a] & w.p[b], mask));
      case "or" -> new Plain((w, mask) -> w.setPredicate(t, w.p[a] | w.p[b], mask));
      case "xor" -> new Plain((w, mask) -> w.setPredicate(t, w.p[a] ^ w.p[b], mask));
      default -> throw in.error("unsupported instruction");
    };
  }
}

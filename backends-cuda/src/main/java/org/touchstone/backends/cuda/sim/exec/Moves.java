package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.memory.GlobalMemory;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/** Packing and unpacking moves, address conversions, logic of three operands, fences and hints. */
final class Moves {
  private Moves() {}

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m) {
    return switch (in.root()) {
      case "mov" -> vector(d, in, m);
      case "cvta" -> convertAddress(d, in, m);
      case "isspacep" -> isSpace(d, in, m);
      case "lop3" -> lop3(d, in, m);
      case "bfi" -> insert(d, in, m);
      case "bfe" -> extractWide(d, in, m);
      case "membar", "fence" -> fence(m);
      case "nanosleep", "prefetch", "prefetchu" -> new Plain((w, mask) -> {});
      default -> throw in.error("unsupported instruction");
    };
  }

  /** Says whether a move reads a clock. */
  static boolean isClock(PtxInstruction in) {
    String source = in.operands().size() == 2 ? in.operands().get(1) : "";
    return source.equals("%clock")
        || source.equals("%clock64")
        || source.equals("%globaltimer")
        || source.equals("%clock_hi");
  }

  /** Clocks tell the instructions that the warp ran. */
  static Instruction clock(Decoder d, PtxInstruction in) {
    String target = in.operands().getFirst();
    if (d.registers().isWide(target)) {
      int t = d.registers().write(in, target, Registers.LONG);
      return new Plain(
          (w, mask) -> {
            for (int l = 0; l < 32; l++) {
              w.q[l] = w.instructions;
            }
            w.keep64(t, mask);
          });
    }
    int t = d.registers().write(in, target, Registers.INT);
    int shift = in.operands().get(1).equals("%clock_hi") ? 32 : 0;
    return new Plain(
        (w, mask) -> {
          for (int l = 0; l < 32; l++) {
            w.r[l] = (int) (w.instructions >>> shift);
          }
          w.keep32(t, mask);
        });
  }

  private static Instruction vector(Decoder d, PtxInstruction in, Modifiers m) {
    String type = m.takeType();
    m.end();
    d.operands(in, 2);
    boolean unpack = in.operands().get(0).startsWith("{");
    String[] parts = Decoder.vector(in.operands().get(unpack ? 0 : 1));
    String whole = in.operands().get(unpack ? 1 : 0);
    boolean wide = type.endsWith("64");
    int total = wide ? 64 : type.endsWith("32") ? 32 : 16;
    int bits = total / parts.length;
    if (bits * parts.length != total || bits == 64 || bits < 8) {
      throw in.error("unsupported vector");
    }
    Registers registers = d.registers();
    int[] slots = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      if (!unpack) {
        slots[i] = registers.int32(in, parts[i], bits == 16);
      } else {
        slots[i] = parts[i].equals("_") ? -1 : registers.write(in, parts[i], Registers.INT);
      }
    }
    return unpack
        ? unpack(d, in, whole, wide, slots, bits)
        : pack(registers, in, whole, wide, slots, bits);
  }

  private static Instruction pack(
      Registers registers, PtxInstruction in, String whole, boolean wide, int[] slots, int bits) {
    long ones = (1L << bits) - 1;
    if (wide) {
      int t = registers.write(in, whole, Registers.LONG);
      return new Plain(
          (w, mask) -> {
            for (int l = 0; l < 32; l++) {
              long v = 0;
              for (int i = 0; i < slots.length; i++) {
                v |= (w.r[slots[i] + l] & ones) << (i * bits);
              }
              w.q[l] = v;
            }
            w.keep64(t, mask);
          });
    }
    int t = registers.write(in, whole, Registers.INT);
    return new Plain(
        (w, mask) -> {
          for (int l = 0; l < 32; l++) {
            int v = 0;
            for (int i = 0; i < slots.length; i++) {
              v |= (w.r[slots[i] + l] & (int) ones) << (i * bits);
            }
            w.r[l] = v;
          }
          w.keep32(t, mask);
        });
  }

  private static Instruction unpack(
      Decoder d, PtxInstruction in, String whole, boolean wide, int[] slots, int bits) {
    int a = wide ? d.registers().int64(in, whole) : d.registers().int32(in, whole, false);
    long ones = (1L << bits) - 1;
    return new Plain(
        (w, mask) -> {
          // The source may be among the results: read it before any of them is written.
          for (int l = 0; l < 32; l++) {
            w.wide[l] = wide ? w.q[a + l] : w.r[a + l];
          }
          for (int i = 0; i < slots.length; i++) {
            if (slots[i] >= 0) {
              for (int l = 0; l < 32; l++) {
                w.r[l] = (int) (w.wide[l] >>> (i * bits) & ones);
              }
              w.keep32(slots[i], mask);
            }
          }
        });
  }

  private static Instruction convertAddress(Decoder d, PtxInstruction in, Modifiers m) {
    String type = m.takeType();
    boolean to = m.take("to");
    String space =
        m.takeOne("global", "shared", "shared::cta", "local", "param", "param::entry", "const");
    m.end();
    if (!type.equals("u64")) {
      throw in.error("unsupported address size");
    }
    long window = Decoder.window(in, space);
    long add = to ? -window : window;
    return d.alu(
        in,
        "ll",
        (r, q, t, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[t + l] = q[a + l] + add;
          }
        });
  }

  private static Instruction isSpace(Decoder d, PtxInstruction in, Modifiers m) {
    String space = m.takeOne("global", "shared", "shared::cta", "local", "param", "const");
    m.end();
    d.operands(in, 2);
    long window = Decoder.window(in, space);
    int a = d.registers().int64(in, in.operands().get(1));
    int p = d.predicateTarget(in, in.operands().getFirst());
    return new Plain(
        (w, mask) -> {
          int v = 0;
          for (int l = 0; l < 32; l++) {
            long x = w.q[a + l];
            boolean inside =
                window == 0
                    ? x < GlobalMemory.PARAM_WINDOW
                        || x >= GlobalMemory.SHARED_WINDOW + GlobalMemory.WINDOW_BYTES
                    : x >= window && x < window + GlobalMemory.WINDOW_BYTES;
            v |= inside ? 1 << l : 0;
          }
          w.setPredicate(p, v, mask);
        });
  }

  private static Instruction lop3(Decoder d, PtxInstruction in, Modifiers m) {
    m.demand("b32");
    m.end();
    d.operands(in, 5);
    Registers registers = d.registers();
    int a = registers.int32(in, in.operands().get(1), false);
    int b = registers.int32(in, in.operands().get(2), false);
    int c = registers.int32(in, in.operands().get(3), false);
    int table = (int) Registers.Literals.integer(in, in.operands().get(4));
    int t = registers.write(in, in.operands().getFirst(), Registers.INT);
    LaneOp op =
        (r, q, to, x, y, z) -> {
          for (int l = 0; l < 32; l++) {
            int v = 0;
            for (int i = 0; i < 8; i++) {
              if ((table >>> i & 1) != 0) {
                v |=
                    ((i & 4) != 0 ? r[x + l] : ~r[x + l])
                        & ((i & 2) != 0 ? r[y + l] : ~r[y + l])
                        & ((i & 1) != 0 ? r[z + l] : ~r[z + l]);
              }
            }
            r[to + l] = v;
          }
        };
    return new Alu(op, false, t, a, b, c);
  }

  private static Instruction insert(Decoder d, PtxInstruction in, Modifiers m) {
    if (m.take("b64")) {
      m.end();
      return insertWide(d, in);
    }
    m.demand("b32");
    m.end();
    d.operands(in, 5);
    Registers registers = d.registers();
    int[] s = new int[4];
    for (int i = 0; i < 4; i++) {
      s[i] = registers.int32(in, in.operands().get(i + 1), false);
    }
    int t = registers.write(in, in.operands().getFirst(), Registers.INT);
    return new Plain(
        (w, mask) -> {
          int[] r = w.r;
          for (int l = 0; l < 32; l++) {
            r[l] = BitFields.insert(r[s[0] + l], r[s[1] + l], r[s[2] + l], r[s[3] + l]);
          }
          w.keep32(t, mask);
        });
  }

  private static Instruction insertWide(Decoder d, PtxInstruction in) {
    d.operands(in, 5);
    Registers registers = d.registers();
    int a = registers.int64(in, in.operands().get(1));
    int b = registers.int64(in, in.operands().get(2));
    int position = registers.int32(in, in.operands().get(3), false);
    int length = registers.int32(in, in.operands().get(4), false);
    int t = registers.write(in, in.operands().getFirst(), Registers.LONG);
    return new Plain(
        (w, mask) -> {
          for (int l = 0; l < 32; l++) {
            w.q[l] = BitFields.insert(w.q[a + l], w.q[b + l], w.r[position + l], w.r[length + l]);
          }
          w.keep64(t, mask);
        });
  }

  /** Decodes bfe of 64 bits; shorter ones are plain forms. */
  private static Instruction extractWide(Decoder d, PtxInstruction in, Modifiers m) {
    String type = m.takeType();
    m.end();
    d.operands(in, 4);
    if (!type.endsWith("64")) {
      throw in.error("unsupported type ." + type);
    }
    boolean signed = type.equals("s64");
    Registers registers = d.registers();
    int a = registers.int64(in, in.operands().get(1));
    int position = registers.int32(in, in.operands().get(2), false);
    int length = registers.int32(in, in.operands().get(3), false);
    int t = registers.write(in, in.operands().getFirst(), Registers.LONG);
    return new Plain(
        (w, mask) -> {
          for (int l = 0; l < 32; l++) {
            w.q[l] = BitFields.extract(w.q[a + l], w.r[position + l], w.r[length + l], signed);
          }
          w.keep64(t, mask);
        });
  }

  private static Instruction fence(Modifiers m) {
    boolean block = m.take("cta");
    m.takeOne("gl", "sys", "gpu", "cluster");
    m.takeOne("sc", "acq_rel", "acquire", "release");
    m.end();
    return new Plain(
        (w, mask) -> {
          if (!block) {
            w.actor.block().fence();
            java.lang.invoke.VarHandle.fullFence();
          }
        });
  }
}

package org.touchstone.backends.cuda.sim.exec;

import java.util.HashMap;
import java.util.Map;

/**
 * Integer, logic and shift instructions by their full opcode.
 *
 * <p>A form's signature names its registers, destination first: i for 32 bits, h for 16, l for 64.
 */
final class IntegerOps {
  /** An operation and the widths of its registers. */
  record Form(String signature, LaneOp op) {}

  private static final long LOW = 0xffffffffL;
  private static final Map<String, Form> FORMS = new HashMap<>();

  private IntegerOps() {}

  static Map<String, Form> forms() {
    return FORMS;
  }

  private interface Int2 {
    int apply(int a, int b);
  }

  private static void form(String opcodes, String signature, LaneOp op) {
    for (String opcode : opcodes.split(" ", 0)) {
      FORMS.put(opcode, new Form(signature, op));
    }
  }

  /** For rare operations: a call per lane. */
  private static void each(String opcodes, String signature, Int2 f) {
    form(
        opcodes,
        signature,
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = f.apply(r[a + l], r[b + l]);
          }
        });
  }

  static {
    words();
    multiplies();
    shifts();
    bits();
    halves();
    WideOps.define(IntegerOps::form);
  }

  private static void words() {
    form(
        "add.s32 add.u32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] + r[b + l];
          }
        });
    form(
        "sub.s32 sub.u32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] - r[b + l];
          }
        });
    form(
        "and.b32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] & r[b + l];
          }
        });
    form(
        "or.b32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] | r[b + l];
          }
        });
    form(
        "xor.b32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] ^ r[b + l];
          }
        });
    form(
        "mov.b32 mov.u32 mov.s32 mov.f32",
        "ii",
        (r, q, d, a, b, c) -> System.arraycopy(r, a, r, d, 32));
    form(
        "mov.b16 mov.u16 mov.s16 mov.f16 mov.bf16",
        "hh",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] & 0xffff;
          }
        });
    form(
        "mov.b64 mov.u64 mov.s64 mov.f64",
        "ll",
        (r, q, d, a, b, c) -> System.arraycopy(q, a, q, d, 32));
    each("not.b32", "ii", (x, y) -> ~x);
    each("neg.s32", "ii", (x, y) -> -x);
    each("abs.s32", "ii", (x, y) -> Math.abs(x));
    form(
        "min.s32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = Math.min(r[a + l], r[b + l]);
          }
        });
    form(
        "max.s32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = Math.max(r[a + l], r[b + l]);
          }
        });
    each("min.u32", "iii", (x, y) -> Integer.compareUnsigned(x, y) < 0 ? x : y);
    each("max.u32", "iii", (x, y) -> Integer.compareUnsigned(x, y) > 0 ? x : y);
    each("add.sat.s32", "iii", (x, y) -> clamp((long) x + y));
    each("sub.sat.s32", "iii", (x, y) -> clamp((long) x - y));
    each("cnot.b32", "ii", (x, y) -> x == 0 ? 1 : 0);
    // Division by zero is unspecified in PTX: devices return all ones, and the dividend as
    // remainder.
    each("div.s32", "iii", (x, y) -> y == 0 ? -1 : x / y);
    each("div.u32", "iii", (x, y) -> y == 0 ? -1 : Integer.divideUnsigned(x, y));
    each("rem.s32", "iii", (x, y) -> y == 0 ? x : x % y);
    each("rem.u32", "iii", (x, y) -> y == 0 ? x : Integer.remainderUnsigned(x, y));
  }

  private static int clamp(long x) {
    return Math.clamp(x, Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  private static void multiplies() {
    form(
        "mul.lo.s32 mul.lo.u32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] * r[b + l];
          }
        });
    form(
        "mad.lo.s32 mad.lo.u32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] * r[b + l] + r[c + l];
          }
        });
    each("mul.hi.s32", "iii", IntegerOps::high);
    each("mul.hi.u32", "iii", (x, y) -> (int) (((x & LOW) * (y & LOW)) >>> 32));
    form(
        "mad.hi.s32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = high(r[a + l], r[b + l]) + r[c + l];
          }
        });
    form(
        "mad.hi.u32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (int) (((r[a + l] & LOW) * (r[b + l] & LOW)) >>> 32) + r[c + l];
          }
        });
    each("mul24.lo.s32", "iii", (x, y) -> (x << 8 >> 8) * (y << 8 >> 8));
    each("mul24.lo.u32", "iii", (x, y) -> (x & 0xffffff) * (y & 0xffffff));
    form(
        "sad.u32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (int) Math.abs((r[a + l] & LOW) - (r[b + l] & LOW)) + r[c + l];
          }
        });
    form(
        "sad.s32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (int) Math.abs((long) r[a + l] - r[b + l]) + r[c + l];
          }
        });
  }

  private static int high(int x, int y) {
    return (int) (((long) x * y) >> 32);
  }

  private static void shifts() {
    form(
        "shl.b32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (r[b + l] & -32) != 0 ? 0 : r[a + l] << r[b + l];
          }
        });
    form(
        "shr.u32 shr.b32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (r[b + l] & -32) != 0 ? 0 : r[a + l] >>> r[b + l];
          }
        });
    form(
        "shr.s32",
        "iii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = r[a + l] >> ((r[b + l] & -32) != 0 ? 31 : r[b + l]);
          }
        });
    form(
        "shf.l.wrap.b32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (int) (pair(r[a + l], r[b + l]) << (r[c + l] & 31) >>> 32);
          }
        });
    form(
        "shf.r.wrap.b32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (int) (pair(r[a + l], r[b + l]) >>> (r[c + l] & 31));
          }
        });
    form(
        "shf.l.clamp.b32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            int n = Integer.compareUnsigned(r[c + l], 32) > 0 ? 32 : r[c + l];
            r[d + l] = (int) (pair(r[a + l], r[b + l]) << n >>> 32);
          }
        });
    form(
        "shf.r.clamp.b32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            int n = Integer.compareUnsigned(r[c + l], 32) > 0 ? 32 : r[c + l];
            r[d + l] = (int) (pair(r[a + l], r[b + l]) >>> n);
          }
        });
  }

  private static long pair(int low, int high) {
    return (long) high << 32 | (low & LOW);
  }

  private static void bits() {
    each("popc.b32", "ii", (x, y) -> Integer.bitCount(x));
    each("clz.b32", "ii", (x, y) -> Integer.numberOfLeadingZeros(x));
    each("brev.b32", "ii", (x, y) -> Integer.reverse(x));
    each("bfind.u32", "ii", (x, y) -> 31 - Integer.numberOfLeadingZeros(x));
    each("bfind.s32", "ii", (x, y) -> 31 - Integer.numberOfLeadingZeros(x < 0 ? ~x : x));
    each("bfind.shiftamt.u32", "ii", (x, y) -> x == 0 ? -1 : Integer.numberOfLeadingZeros(x));
    each("bfind.shiftamt.s32", "ii", (x, y) -> shiftAmount(x < 0 ? ~x : x));
    each("bmsk.clamp.b32", "iii", BitFields::maskClamp);
    each("bmsk.wrap.b32", "iii", BitFields::maskWrap);
    each(
        "szext.wrap.s32",
        "iii",
        (x, n) -> (n & 31) == 0 ? 0 : x << (32 - (n & 31)) >> (32 - (n & 31)));
    each(
        "szext.wrap.u32",
        "iii",
        (x, n) -> (n & 31) == 0 ? 0 : x << (32 - (n & 31)) >>> (32 - (n & 31)));
    form(
        "bfe.u32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = BitFields.extract(r[a + l], r[b + l], r[c + l]);
          }
        });
    form(
        "bfe.s32",
        "iiii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = BitFields.extractSigned(r[a + l], r[b + l], r[c + l]);
          }
        });
    String[] modes = {"", ".f4e", ".b4e", ".rc8", ".ecl", ".ecr", ".rc16"};
    for (int i = 0; i < modes.length; i++) {
      int mode = i;
      form(
          "prmt.b32" + modes[i],
          "iiii",
          (r, q, d, a, b, c) -> {
            for (int l = 0; l < 32; l++) {
              int selector = mode == 0 ? r[c + l] : BitFields.selector(mode, r[c + l]);
              r[d + l] = BitFields.permute(r[a + l], r[b + l], selector);
            }
          });
    }
    String[] types = {"u32.u32", "u32.s32", "s32.u32", "s32.s32"};
    for (int i = 0; i < types.length; i++) {
      boolean signedA = i >= 2;
      boolean signedB = i % 2 == 1;
      form(
          "dp4a." + types[i],
          "iiii",
          (r, q, d, a, b, c) -> {
            for (int l = 0; l < 32; l++) {
              r[d + l] = BitFields.dot4(r[a + l], signedA, r[b + l], signedB) + r[c + l];
            }
          });
    }
  }

  private static int shiftAmount(int x) {
    return x == 0 ? -1 : Integer.numberOfLeadingZeros(x);
  }

  private static void halves() {
    each("add.s16 add.u16", "hhh", (x, y) -> (x + y) & 0xffff);
    each("sub.s16 sub.u16", "hhh", (x, y) -> (x - y) & 0xffff);
    each("mul.lo.s16 mul.lo.u16", "hhh", (x, y) -> (x * y) & 0xffff);
    each("mul.hi.u16", "hhh", (x, y) -> ((x & 0xffff) * (y & 0xffff)) >>> 16);
    each("mul.hi.s16", "hhh", (x, y) -> (((short) x * (short) y) >> 16) & 0xffff);
    each("mul.wide.u16", "ihh", (x, y) -> (x & 0xffff) * (y & 0xffff));
    each("mul.wide.s16", "ihh", (x, y) -> (short) x * (short) y);
    each("and.b16", "hhh", (x, y) -> x & y & 0xffff);
    each("or.b16", "hhh", (x, y) -> (x | y) & 0xffff);
    each("xor.b16", "hhh", (x, y) -> (x ^ y) & 0xffff);
    each("not.b16", "hh", (x, y) -> ~x & 0xffff);
    each("neg.s16", "hh", (x, y) -> -x & 0xffff);
    each("abs.s16", "hh", (x, y) -> Math.abs((short) x) & 0xffff);
    each("min.s16", "hhh", (x, y) -> Math.min((short) x, (short) y) & 0xffff);
    each("max.s16", "hhh", (x, y) -> Math.max((short) x, (short) y) & 0xffff);
    each("min.u16", "hhh", (x, y) -> Math.min(x & 0xffff, y & 0xffff));
    each("max.u16", "hhh", (x, y) -> Math.max(x & 0xffff, y & 0xffff));
    each("shl.b16", "hhi", (x, n) -> Integer.compareUnsigned(n, 15) > 0 ? 0 : (x << n) & 0xffff);
    each(
        "shr.u16 shr.b16",
        "hhi",
        (x, n) -> Integer.compareUnsigned(n, 15) > 0 ? 0 : (x & 0xffff) >>> n);
    each(
        "shr.s16",
        "hhi",
        (x, n) -> ((short) x >> (Integer.compareUnsigned(n, 15) > 0 ? 15 : n)) & 0xffff);
    each("div.s16", "hhh", (x, y) -> (short) y == 0 ? 0xffff : ((short) x / (short) y) & 0xffff);
    each("div.u16", "hhh", (x, y) -> (y & 0xffff) == 0 ? 0xffff : (x & 0xffff) / (y & 0xffff));
    each(
        "rem.s16", "hhh", (x, y) -> (short) y == 0 ? x & 0xffff : ((short) x % (short) y) & 0xffff);
    each("rem.u16", "hhh", (x, y) -> (y & 0xffff) == 0 ? x & 0xffff : (x & 0xffff) % (y & 0xffff));
    form(
        "mad.lo.s16 mad.lo.u16",
        "hhhh",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (r[a + l] * r[b + l] + r[c + l]) & 0xffff;
          }
        });
    form(
        "mad.wide.u16",
        "ihhi",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (r[a + l] & 0xffff) * (r[b + l] & 0xffff) + r[c + l];
          }
        });
    form(
        "mad.wide.s16",
        "ihhi",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (short) r[a + l] * (short) r[b + l] + r[c + l];
          }
        });
  }
}

package org.touchstone.backends.cuda.sim.exec;

import java.util.List;
import java.util.Set;
import org.touchstone.backends.cuda.sim.math.Exact;
import org.touchstone.backends.cuda.sim.math.FloatFormat;
import org.touchstone.backends.cuda.sim.math.Rounding;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/** {@code cvt} between scalars; conversions of pairs are in {@link PackedConversions}. */
final class ConvertOps {
  private static final Set<String> INTEGERS =
      Set.of("u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64");
  private static final Set<String> FLOATS = Set.of("f16", "bf16", "f32", "f64");

  private ConvertOps() {}

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m) {
    String from = m.takeType();
    String to = m.takeType();
    if (to.endsWith("x2") || from.endsWith("x2") || to.equals("tf32")) {
      return PackedConversions.decode(d, in, m, to, from);
    }
    boolean flush = m.take("ftz");
    boolean saturate = m.take("sat");
    boolean relu = m.take("relu");
    boolean known =
        (INTEGERS.contains(from) || FLOATS.contains(from))
            && (INTEGERS.contains(to) || FLOATS.contains(to));
    if (!known) {
      throw in.error("unsupported conversion");
    }
    String integral = m.takeOne("rni", "rzi", "rmi", "rpi");
    Rounding rounding =
        integral.isEmpty()
            ? m.takeRounding()
            : Rounding.valueOf(integral.substring(0, 2).toUpperCase(java.util.Locale.ROOT));
    m.end();
    d.operands(in, 2);
    if (INTEGERS.contains(from)) {
      return INTEGERS.contains(to)
          ? integers(d, in, to, from, saturate)
          : toFloat(d, in, to, from, rounding, saturate);
    }
    if (INTEGERS.contains(to)) {
      if (integral.isEmpty()) {
        throw in.error("a conversion to integers needs .rni, .rzi, .rmi or .rpi");
      }
      return toInteger(d, in, to, from, rounding, flush);
    }
    return floats(d, in, to, from, rounding, !integral.isEmpty(), flush, saturate, relu);
  }

  private static int bitsOf(String type) {
    return switch (type) {
      case "u8", "s8" -> 8;
      case "u16", "s16", "f16", "bf16" -> 16;
      case "u64", "s64", "f64" -> 64;
      default -> 32;
    };
  }

  /** Reads a source as an integer of its type. */
  static long integer(int[] r, long[] q, boolean wide, int slot, int bits, boolean signed) {
    long raw = wide ? q[slot] : r[slot];
    return signed ? raw << (64 - bits) >> (64 - bits) : bits == 64 ? raw : raw & ((1L << bits) - 1);
  }

  /** Where a conversion's operands are. */
  private record Places(boolean wideSource, int a, boolean wideTarget, int t) {}

  private static Places places(Decoder d, PtxInstruction in, String to, String from) {
    Registers registers = d.registers();
    List<String> operands = in.operands();
    String source = operands.get(1);
    boolean wideSource =
        registers.isRegister(source) ? registers.isWide(source) : bitsOf(from) == 64;
    int a = wideSource ? registers.int64(in, source) : registers.int32(in, source, false);
    boolean wideTarget = registers.isWide(operands.get(0));
    if (bitsOf(to) == 64 && !wideTarget) {
      throw in.error("the result does not fit the register");
    }
    int t = registers.write(in, operands.get(0), wideTarget ? Registers.LONG : Registers.INT);
    return new Places(wideSource, a, wideTarget, t);
  }

  /** Returns what a 32-bit register holds of a result: 16 bits and fewer are kept zero-extended. */
  private static int mask(Decoder d, PtxInstruction in) {
    String type = d.registers().type(in.operands().get(0));
    return type != null && type.endsWith("16") ? 0xffff : -1;
  }

  private static Instruction integers(
      Decoder d, PtxInstruction in, String to, String from, boolean saturate) {
    Places p = places(d, in, to, from);
    int bits = bitsOf(from);
    boolean signed = from.startsWith("s");
    int out = bitsOf(to);
    boolean outSigned = to.startsWith("s");
    int mask = mask(d, in);
    boolean wideSource = p.wideSource();
    if (!wideSource && p.wideTarget() && !saturate && bits == 32 && out == 64) {
      long keep = signed ? -1 : 0xffffffffL;
      return new Alu(
          (r, q, t, a, b, c) -> {
            for (int l = 0; l < 32; l++) {
              q[t + l] = r[a + l] & keep;
            }
          },
          true,
          p.t(),
          p.a(),
          0,
          0);
    }
    LaneOp op =
        p.wideTarget()
            ? (r, q, t, a, b, c) -> {
              for (int l = 0; l < 32; l++) {
                q[t + l] =
                    fit(
                        integer(r, q, wideSource, a + l, bits, signed),
                        bits == 64 && !signed,
                        out,
                        outSigned,
                        saturate);
              }
            }
            : (r, q, t, a, b, c) -> {
              for (int l = 0; l < 32; l++) {
                long v = integer(r, q, wideSource, a + l, bits, signed);
                r[t + l] = (int) fit(v, bits == 64 && !signed, out, outSigned, saturate) & mask;
              }
            };
    return new Alu(op, p.wideTarget(), p.t(), p.a(), 0, 0);
  }

  /** Cuts off or clamps to the bits of the result's type. */
  private static long fit(long v, boolean unsigned64, int bits, boolean signed, boolean saturate) {
    long x = v;
    if (saturate) {
      long max = signed ? -1L >>> (65 - bits) : bits == 64 ? -1L : (1L << bits) - 1;
      long min = signed ? -max - 1 : 0;
      if (unsigned64) {
        x = Long.compareUnsigned(x, max) > 0 ? max : x;
      } else if (bits == 64 && !signed) {
        x = Math.max(x, 0);
      } else {
        x = Math.clamp(x, min, max);
      }
    }
    return signed ? x << (64 - bits) >> (64 - bits) : bits == 64 ? x : x & ((1L << bits) - 1);
  }

  static FloatFormat format(String type) {
    return switch (type) {
      case "f16" -> FloatFormat.F16;
      case "bf16" -> FloatFormat.BF16;
      default -> FloatFormat.F32;
    };
  }

  private static Instruction toFloat(
      Decoder d, PtxInstruction in, String to, String from, Rounding rounding, boolean saturate) {
    Places p = places(d, in, to, from);
    int bits = bitsOf(from);
    boolean signed = from.startsWith("s");
    boolean wideSource = p.wideSource();
    if (to.equals("f64")) {
      if (rounding != Rounding.RN) {
        throw in.error("unsupported rounding of .f64");
      }
      return new Alu(
          (r, q, t, a, b, c) -> {
            for (int l = 0; l < 32; l++) {
              long v = integer(r, q, wideSource, a + l, bits, signed);
              double x = bits == 64 && !signed && v < 0 ? unsignedToDouble(v) : (double) v;
              q[t + l] = Double.doubleToRawLongBits(x);
            }
          },
          true,
          p.t(),
          p.a(),
          0,
          0);
    }
    FloatFormat format = format(to);
    return new Alu(
        (r, q, t, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            long v = integer(r, q, wideSource, a + l, bits, signed);
            double high = bits == 64 && !signed ? (double) (v >>> 32) : (double) (v >> 32);
            double x = Exact.sum(high * 0x1p32, (double) (v & 0xffffffffL));
            x = saturate ? Math.clamp(x, 0.0, 1.0) : x;
            r[t + l] = encode(format, x, rounding);
          }
        },
        false,
        p.t(),
        p.a(),
        0,
        0);
  }

  private static double unsignedToDouble(long v) {
    // Halve, keep the lost bit as a sticky one, convert, double.
    return (double) ((v >>> 1) | (v & 1)) * 2.0;
  }

  static int encode(FloatFormat format, double x, Rounding rounding) {
    if (format == FloatFormat.F32 && rounding == Rounding.RN) {
      return FloatOps.bits((float) x);
    }
    return format.encode(x, rounding);
  }

  /** Reads a source as a float of its type. */
  private static double real(int[] r, long[] q, int slot, String type) {
    return switch (type) {
      case "f32" -> Float.intBitsToFloat(r[slot]);
      case "f64" -> Double.longBitsToDouble(q[slot]);
      case "f16" -> Float.float16ToFloat((short) r[slot]);
      default -> Float.intBitsToFloat(r[slot] << 16);
    };
  }

  private static double flushed(double x) {
    return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0.0, x) : x;
  }

  private static Instruction toInteger(
      Decoder d, PtxInstruction in, String to, String from, Rounding rounding, boolean flush) {
    Places p = places(d, in, to, from);
    int bits = bitsOf(to);
    boolean signed = to.startsWith("s");
    int mask = mask(d, in);
    boolean wideTarget = p.wideTarget();
    return new Alu(
        (r, q, t, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            double x = real(r, q, a + l, from);
            long v = clamped(rounding.integral(flush ? flushed(x) : x), bits, signed);
            if (wideTarget) {
              q[t + l] = v;
            } else {
              r[t + l] = (int) v & mask;
            }
          }
        },
        wideTarget,
        p.t(),
        p.a(),
        0,
        0);
  }

  /** Clamps an integral value to an integer type; NaN becomes 0. */
  private static long clamped(double x, int bits, boolean signed) {
    if (Double.isNaN(x)) {
      return 0;
    }
    if (signed) {
      double max = Math.scalb(1.0, bits - 1);
      return x >= max ? -1L >>> (65 - bits) : x <= -max ? -1L << (bits - 1) : (long) x;
    }
    if (x <= 0) {
      return 0;
    }
    if (x >= Math.scalb(1.0, bits)) {
      return bits == 64 ? -1L : (1L << bits) - 1;
    }
    return x >= 0x1p63 ? (long) (x - 0x1p63) ^ Long.MIN_VALUE : (long) x;
  }

  private static Instruction floats(
      Decoder d,
      PtxInstruction in,
      String to,
      String from,
      Rounding rounding,
      boolean integral,
      boolean flush,
      boolean saturate,
      boolean relu) {
    Places p = places(d, in, to, from);
    FloatFormat format = format(to);
    boolean toDouble = to.equals("f64");
    LaneOp op;
    if (to.equals("f32") && from.equals("bf16") && !integral && !flush && !saturate && !relu) {
      op =
          (r, q, t, a, b, c) -> {
            for (int l = 0; l < 32; l++) {
              r[t + l] = FloatOps.bits(Float.intBitsToFloat(r[a + l] << 16));
            }
          };
    } else {
      op =
          (r, q, t, a, b, c) -> {
            for (int l = 0; l < 32; l++) {
              double x = real(r, q, a + l, from);
              x = flush ? flushed(x) : x;
              x = integral ? Math.copySign(rounding.integral(x), x) : x;
              x = saturate ? (x > 0 ? Math.min(x, 1) : 0) : x;
              x = relu && x <= 0 ? 0 : x;
              if (toDouble) {
                q[t + l] = Double.doubleToRawLongBits(x);
              } else {
                double y =
                    flush && format == FloatFormat.F32 ? flushed(format.round(x, rounding)) : x;
                r[t + l] = encode(format, y, rounding);
              }
            }
          };
    }
    return new Alu(op, toDouble, p.t(), p.a(), 0, 0);
  }
}

package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.math.Exact;
import org.touchstone.backends.cuda.sim.math.FloatFormat;
import org.touchstone.backends.cuda.sim.math.Rounding;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/**
 * Arithmetic of f32 and f64.
 *
 * <p>{@code add}, {@code sub}, {@code mul}, {@code fma}, {@code div}, {@code rcp} and {@code sqrt}
 * with a rounding modifier are exact results rounded once. NaN results are the canonical 0x7fffffff
 * of f32. {@code mul} and {@code add} without a rounding modifier may be fused by an assembler;
 * here they are not.
 */
final class FloatOps {
  private static final int NAN = 0x7fffffff;

  private FloatOps() {}

  static float f(int bits) {
    return Float.intBitsToFloat(bits);
  }

  static int bits(float value) {
    return Float.isNaN(value) ? NAN : Float.floatToRawIntBits(value);
  }

  /** Rounding, flushing and saturation of an instruction. */
  record Mode(Rounding rounding, boolean flush, boolean saturate) {
    boolean plain() {
      return rounding == Rounding.RN && !flush && !saturate;
    }

    float in(int bits) {
      float x = f(bits);
      return flush && Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
    }

    /** Rounds a result that was rounded to odd. */
    int out(double exact) {
      return finish(
          rounding == Rounding.RN ? (float) exact : (float) FloatFormat.F32.round(exact, rounding));
    }

    int finish(float x) {
      float y = x;
      if (flush && Math.abs(y) < Float.MIN_NORMAL) {
        y = Math.copySign(0f, y);
      }
      if (saturate) {
        y = y > 0 ? Math.min(y, 1f) : 0f;
      }
      return bits(y);
    }
  }

  /** Decodes an instruction of type f32. */
  static Instruction decode32(Decoder d, PtxInstruction in, Modifiers m) {
    String root = in.root();
    boolean approximate = m.take("approx") || (root.equals("div") && m.take("full"));
    if (approximate || root.equals("tanh")) {
      return d.alu(in, root.equals("div") ? "iii" : "ii", Approximations.decode(in, m));
    }
    boolean nan = m.take("NaN");
    boolean xorSign = m.take("xorsign") && m.take("abs");
    Mode mode = new Mode(m.takeRounding(), m.take("ftz"), m.take("sat"));
    m.end();
    return switch (root) {
      case "add" -> d.alu(in, "iii", mode.plain() ? ADD : add(mode, false));
      case "sub" -> d.alu(in, "iii", mode.plain() ? SUB : add(mode, true));
      case "mul" -> d.alu(in, "iii", mode.plain() ? MUL : mul(mode));
      case "fma", "mad" -> d.alu(in, "iiii", mode.plain() ? FMA : fma(mode));
      case "div" -> d.alu(in, "iii", div(mode));
      case "rcp" -> d.alu(in, "ii", rcp(mode));
      case "sqrt" -> d.alu(in, "ii", sqrt(mode));
      case "min" -> d.alu(in, "iii", extreme(mode, nan, xorSign, false));
      case "max" -> d.alu(in, "iii", extreme(mode, nan, xorSign, true));
      case "abs" -> d.alu(in, "ii", sign(mode, 0x7fffffff, 0));
      case "neg" -> d.alu(in, "ii", sign(mode, -1, 0x80000000));
      case "copysign" -> d.alu(in, "iii", COPYSIGN);
      default -> throw in.error("unsupported instruction");
    };
  }

  private static final LaneOp ADD =
      (r, q, d, a, b, c) -> {
        for (int l = 0; l < 32; l++) {
          r[d + l] = bits(f(r[a + l]) + f(r[b + l]));
        }
      };

  private static final LaneOp SUB =
      (r, q, d, a, b, c) -> {
        for (int l = 0; l < 32; l++) {
          r[d + l] = bits(f(r[a + l]) - f(r[b + l]));
        }
      };

  private static final LaneOp MUL =
      (r, q, d, a, b, c) -> {
        for (int l = 0; l < 32; l++) {
          r[d + l] = bits(f(r[a + l]) * f(r[b + l]));
        }
      };

  private static final LaneOp FMA =
      (r, q, d, a, b, c) -> {
        for (int l = 0; l < 32; l++) {
          r[d + l] = bits(Math.fma(f(r[a + l]), f(r[b + l]), f(r[c + l])));
        }
      };

  private static final LaneOp COPYSIGN =
      (r, q, d, a, b, c) -> {
        for (int l = 0; l < 32; l++) {
          r[d + l] = (r[a + l] & 0x80000000) | (r[b + l] & 0x7fffffff);
        }
      };

  private static LaneOp add(Mode m, boolean subtract) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        float y = m.in(r[b + l]);
        r[d + l] = m.out(sum(m, m.in(r[a + l]), subtract ? -y : y));
      }
    };
  }

  /** Adds to odd; a sum of zero from opposite signs is −0 when rounding down. */
  private static double sum(Mode m, double x, double y) {
    double s = Exact.sum(x, y);
    return s == 0 && m.rounding() == Rounding.RM && (1 / x < 0 || 1 / y < 0 || x != 0) ? -0.0 : s;
  }

  private static LaneOp mul(Mode m) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        r[d + l] = m.out((double) m.in(r[a + l]) * m.in(r[b + l]));
      }
    };
  }

  private static LaneOp fma(Mode m) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        r[d + l] = m.out(sum(m, (double) m.in(r[a + l]) * m.in(r[b + l]), m.in(r[c + l])));
      }
    };
  }

  private static LaneOp div(Mode m) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        r[d + l] = m.out(Exact.quotient(m.in(r[a + l]), m.in(r[b + l])));
      }
    };
  }

  private static LaneOp rcp(Mode m) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        r[d + l] = m.out(Exact.quotient(1, m.in(r[a + l])));
      }
    };
  }

  private static LaneOp sqrt(Mode m) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        r[d + l] = m.out(Exact.root(m.in(r[a + l])));
      }
    };
  }

  private static LaneOp extreme(Mode m, boolean nan, boolean xorSign, boolean max) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        float x = m.in(r[a + l]);
        float y = m.in(r[b + l]);
        int signs = xorSign ? (r[a + l] ^ r[b + l]) & 0x80000000 : 0;
        float z = extreme(xorSign ? Math.abs(x) : x, xorSign ? Math.abs(y) : y, nan, max);
        r[d + l] = bits(z) | (Float.isNaN(z) ? 0 : signs);
      }
    };
  }

  /** Returns the number when one operand is NaN, unless NaN is to be passed on. */
  static float extreme(float x, float y, boolean nan, boolean max) {
    if (!nan && Float.isNaN(x)) {
      return y;
    }
    if (!nan && Float.isNaN(y)) {
      return x;
    }
    return max ? Math.max(x, y) : Math.min(x, y);
  }

  private static LaneOp sign(Mode m, int and, int xor) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        float x = m.in(r[a + l]);
        r[d + l] = Float.isNaN(x) ? NAN : (Float.floatToRawIntBits(x) & and) ^ xor;
      }
    };
  }

  /** One lane of an f64 instruction. */
  private interface Double3 {
    double apply(double a, double b, double c);
  }

  /** Decodes an instruction of type f64: round to nearest only. */
  static Instruction decode64(Decoder d, PtxInstruction in, Modifiers m) {
    String root = in.root();
    boolean approximate = m.take("approx") && m.take("ftz") && root.equals("rcp");
    m.take("rn");
    m.end();
    if (approximate) {
      // The device keeps the upper 32 bits of its estimate; so does this one of the quotient.
      return d.alu(in, "ll", each((x, y, z) -> upper(1 / x)));
    }
    return switch (root) {
      case "add" -> d.alu(in, "lll", each((x, y, z) -> x + y));
      case "sub" -> d.alu(in, "lll", each((x, y, z) -> x - y));
      case "mul" -> d.alu(in, "lll", each((x, y, z) -> x * y));
      case "fma", "mad" -> d.alu(in, "llll", each(Math::fma));
      case "div" -> d.alu(in, "lll", each((x, y, z) -> x / y));
      case "rcp" -> d.alu(in, "ll", each((x, y, z) -> 1 / x));
      case "sqrt" -> d.alu(in, "ll", each((x, y, z) -> Math.sqrt(x)));
      case "abs" -> d.alu(in, "ll", each((x, y, z) -> Math.abs(x)));
      case "neg" -> d.alu(in, "ll", each((x, y, z) -> -x));
      case "min" ->
          d.alu(
              in,
              "lll",
              each((x, y, z) -> Double.isNaN(x) ? y : Double.isNaN(y) ? x : Math.min(x, y)));
      case "max" ->
          d.alu(
              in,
              "lll",
              each((x, y, z) -> Double.isNaN(x) ? y : Double.isNaN(y) ? x : Math.max(x, y)));
      default -> throw in.error("unsupported instruction");
    };
  }

  private static double upper(double x) {
    return Double.longBitsToDouble(Double.doubleToRawLongBits(x) & -1L << 32);
  }

  private static LaneOp each(Double3 f) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        double x = Double.longBitsToDouble(q[a + l]);
        double y = Double.longBitsToDouble(q[b + l]);
        double z = Double.longBitsToDouble(q[c + l]);
        q[d + l] = Double.doubleToRawLongBits(f.apply(x, y, z));
      }
    };
  }
}

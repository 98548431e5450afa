package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.math.Exact;
import org.touchstone.backends.cuda.sim.math.FloatFormat;
import org.touchstone.backends.cuda.sim.math.Rounding;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/** Arithmetic of f16, bf16 and their pairs: exact results, rounded to nearest once. */
final class HalfOps {
  private HalfOps() {}

  /** One element: sources and result are values, the result rounded to odd. */
  private interface Element {
    double apply(double a, double b, double c);
  }

  /** What happens to results, and to subnormal sources. */
  private record Mode(FloatFormat format, boolean flush, boolean saturate, boolean relu) {
    double in(int code) {
      double x = decode(format, code);
      return flush && Math.abs(x) < 0x1p-14 ? Math.copySign(0.0, x) : x;
    }

    int out(double exact) {
      double x = exact;
      if (saturate) {
        x = x > 0 ? Math.min(x, 1) : 0;
      }
      if (relu && x <= 0) {
        x = 0;
      }
      if (flush && Math.abs(format.round(x, Rounding.RN)) < 0x1p-14) {
        x = Math.copySign(0.0, x);
      }
      return encode(format, x);
    }
  }

  /** Returns the value of a 16-bit code, quickly. */
  static double decode(FloatFormat format, int code) {
    return format == FloatFormat.BF16
        ? Float.intBitsToFloat(code << 16)
        : Float.float16ToFloat((short) code);
  }

  static int encode(FloatFormat format, double x) {
    return format.encode(x, Rounding.RN);
  }

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m, String type) {
    FloatFormat format = type.startsWith("bf16") ? FloatFormat.BF16 : FloatFormat.F16;
    boolean pair = type.endsWith("x2");
    m.take("rn");
    boolean nan = m.take("NaN");
    boolean approximate = m.take("approx");
    Mode mode = new Mode(format, m.take("ftz"), m.take("sat"), m.take("relu"));
    m.end();
    int sources =
        switch (in.root()) {
          case "fma" -> 3;
          case "add", "sub", "mul", "min", "max" -> 2;
          default -> 1;
        };
    Element element =
        switch (in.root()) {
          case "add" -> (x, y, z) -> Exact.sum(x, y);
          case "sub" -> (x, y, z) -> Exact.sum(x, -y);
          case "mul" -> (x, y, z) -> x * y;
          case "fma" -> (x, y, z) -> Exact.sum(x * y, z);
          case "min" -> (x, y, z) -> FloatOps.extreme((float) x, (float) y, nan, false);
          case "max" -> (x, y, z) -> FloatOps.extreme((float) x, (float) y, nan, true);
          case "neg" -> (x, y, z) -> -x;
          case "abs" -> (x, y, z) -> Math.abs(x);
          case "ex2" -> (x, y, z) -> Math.pow(2, x);
          case "tanh" -> (x, y, z) -> Math.tanh(x);
          default -> throw in.error("unsupported instruction");
        };
    if (approximate != (in.root().equals("ex2") || in.root().equals("tanh"))) {
      throw in.error("unsupported instruction");
    }
    String signature = (pair ? "iiii" : "hhhh").substring(0, sources + 1);
    return d.alu(in, signature, pair ? pairs(mode, element) : single(mode, element));
  }

  private static LaneOp single(Mode m, Element f) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        r[d + l] =
            m.out(
                f.apply(m.in(r[a + l] & 0xffff), m.in(r[b + l] & 0xffff), m.in(r[c + l] & 0xffff)));
      }
    };
  }

  private static LaneOp pairs(Mode m, Element f) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        int x = r[a + l];
        int y = r[b + l];
        int z = r[c + l];
        int low = m.out(f.apply(m.in(x & 0xffff), m.in(y & 0xffff), m.in(z & 0xffff)));
        int high = m.out(f.apply(m.in(x >>> 16), m.in(y >>> 16), m.in(z >>> 16)));
        r[d + l] = high << 16 | low;
      }
    };
  }
}

package org.touchstone.backends.cuda.sim.exec;

import static org.touchstone.backends.cuda.sim.exec.FloatOps.bits;
import static org.touchstone.backends.cuda.sim.exec.FloatOps.f;

import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/**
 * Approximate instructions of f32.
 *
 * <p>A device computes them to the bounds of the PTX ISA: rcp 1 ulp, div 2 ulp, sqrt 1.5·2^-23
 * relative (3 ulp), rsqrt 2^-22.9 relative, ex2 2 ulp (2^-22.5 relative in older texts), lg2 2^-22
 * absolute near one and relative elsewhere, sin and cos 2^-20.5 absolute in [−π, π], tanh 2^-11
 * relative. This simulator returns the exact result rounded to nearest to within 0.51 ulp: a kernel
 * that needs exactly a device's bits cannot be judged by it, one that needs the bounds can.
 */
final class Approximations {
  private static final double[] POWERS = new double[64];

  static {
    for (int i = 0; i < POWERS.length; i++) {
      POWERS[i] = Math.pow(2, i / 64.0);
    }
  }

  private Approximations() {}

  /** One lane of a function of one argument. */
  private interface Function {
    float apply(float x);
  }

  static LaneOp decode(PtxInstruction in, Modifiers m) {
    boolean flush = m.take("ftz");
    m.take("approx");
    m.end();
    return switch (in.root()) {
      case "ex2" -> flush ? EX2_FLUSH : EX2;
      case "rcp" -> each(flush, x -> 1 / x);
      case "sqrt" -> each(flush, x -> (float) Math.sqrt(x));
      case "rsqrt" -> each(flush, x -> (float) (1 / Math.sqrt(x)));
      case "lg2" -> each(flush, Approximations::log2);
      case "sin" -> each(flush, x -> (float) Math.sin(x));
      case "cos" -> each(flush, x -> (float) Math.cos(x));
      case "tanh" -> each(flush, x -> (float) Math.tanh(x));
      case "div" -> divide(flush);
      default -> throw in.error("unsupported instruction");
    };
  }

  private static float flushed(float x) {
    return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
  }

  private static LaneOp each(boolean flush, Function function) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        float x = f(r[a + l]);
        float y = function.apply(flush ? flushed(x) : x);
        r[d + l] = bits(flush ? flushed(y) : y);
      }
    };
  }

  private static LaneOp divide(boolean flush) {
    return (r, q, d, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        float x = f(r[a + l]);
        float y = f(r[b + l]);
        float z = flush ? flushed(flushed(x) / flushed(y)) : x / y;
        // Divisors from 2^126 on flush the quotient on a device.
        boolean huge = Math.abs(y) > 0x1p126f && Math.abs(y) <= Float.MAX_VALUE;
        r[d + l] = bits(huge ? (Float.isInfinite(x) ? Float.NaN : Math.copySign(0f, z)) : z);
      }
    };
  }

  private static final LaneOp EX2 =
      (r, q, d, a, b, c) -> {
        for (int l = 0; l < 32; l++) {
          r[d + l] = bits(exp2(f(r[a + l])));
        }
      };

  private static final LaneOp EX2_FLUSH =
      (r, q, d, a, b, c) -> {
        for (int l = 0; l < 32; l++) {
          r[d + l] = bits(flushed(exp2(flushed(f(r[a + l])))));
        }
      };

  /** Returns 2^x with a relative error below 2^-40 before it is rounded to float. */
  static float exp2(float x) {
    if (!(x > -152f && x < 129f)) {
      return Float.isNaN(x) ? x : x > 0 ? Float.POSITIVE_INFINITY : 0f;
    }
    double scaled = x * 64.0;
    int n = (int) Math.floor(scaled);
    double t = (scaled - n) * (0.6931471805599453 / 64);
    // exp(t) for t < ln2/64: the next term of the series is below 2^-43.
    double e = 1 + t * (1 + t * (0.5 + t * (1.0 / 6 + t * (1.0 / 24))));
    double power = Double.longBitsToDouble((long) ((n >> 6) + 1023) << 52);
    return (float) (POWERS[n & 63] * e * power);
  }

  private static float log2(float x) {
    return (float) (Math.log(x) * 1.4426950408889634);
  }
}

package org.touchstone.backends.cuda.sim.math;

/**
 * Sums, quotients and roots in double, rounded to odd, so that a further rounding to a narrower
 * format is as if from the exact result.
 *
 * <p>Rounding to odd: Boldo and Melquiond, Emulation of FMA and correctly rounded sums, IEEE Trans.
 * Comput. 57(4), 2008. The narrower format needs at least two bits less than double.
 */
public final class Exact {
  private Exact() {}

  /** Returns a + b rounded to odd. */
  public static double sum(double a, double b) {
    double s = a + b;
    double bb = s - a;
    double error = (a - (s - bb)) + (b - bb);
    return odd(s, error);
  }

  /** Returns a / b rounded to odd; both are values of a float, so nothing under- or overflows. */
  public static double quotient(double a, double b) {
    double q = a / b;
    if (Double.isNaN(q) || Double.isInfinite(q) || q == 0) {
      return q;
    }
    double remainder = Math.fma(-q, b, a);
    return odd(q, b < 0 ? -remainder : remainder);
  }

  /** Returns the square root of a value of a float, rounded to odd. */
  public static double root(double a) {
    double s = Math.sqrt(a);
    if (Double.isNaN(s) || Double.isInfinite(s) || s == 0) {
      return s;
    }
    return odd(s, Math.fma(-s, s, a));
  }

  /** Moves a rounded result to its odd neighbour on the side where the exact one lies. */
  private static double odd(double rounded, double error) {
    if (error == 0 || Double.isNaN(error) || (Double.doubleToRawLongBits(rounded) & 1) != 0) {
      return rounded;
    }
    return error > 0 ? Math.nextUp(rounded) : Math.nextDown(rounded);
  }
}

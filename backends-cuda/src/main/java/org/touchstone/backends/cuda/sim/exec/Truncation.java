package org.touchstone.backends.cuda.sim.exec;

/** The accumulator of {@link Accumulator#TRUNCATING_13_BIT}. */
final class Truncation {
  private static final int FRACTION_BITS = 13;

  private Truncation() {}

  /** Adds A·B to C, 16×k by k×8: all terms aligned to the largest and cut off. */
  static void multiply(double[] a, double[] b, double[] c, int k) {
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 8; column++) {
        c[row * 8 + column] = cell(a, b, c[row * 8 + column], k, row, column);
      }
    }
  }

  private static double cell(double[] a, double[] b, double c, int k, int row, int column) {
    double max = Math.abs(c);
    for (int i = 0; i < k; i++) {
      max = Math.max(max, Math.abs(a[row * k + i] * b[i * 8 + column]));
    }
    if (max == 0) {
      return c;
    }
    if (!(max <= Double.MAX_VALUE)) {
      double sum = c;
      for (int i = 0; i < k; i++) {
        sum += a[row * k + i] * b[i * 8 + column];
      }
      return sum;
    }
    int shift = FRACTION_BITS - Math.getExponent(max);
    double sum = (long) Math.scalb(c, shift);
    for (int i = 0; i < k; i++) {
      sum += (long) Math.scalb(a[row * k + i] * b[i * 8 + column], shift);
    }
    return Math.scalb(sum, -shift);
  }
}

package org.touchstone.backends.cuda.sim.exec;

/**
 * The accumulator of {@link Accumulator#TRUNCATING_13_BIT}: terms are aligned to the largest
 * exponent among the products and the incoming sum and cut off 13 bits below it, and so is what
 * they add up to. The exponent of a product is the sum of its factors' exponents, before any carry.
 */
final class Truncation {
  private static final int FRACTION_BITS = 13;
  private static final int NOTHING = Integer.MIN_VALUE;

  private Truncation() {}

  /**
   * Adds A·B to C, 16×k by k×8.
   *
   * @param leastExponent the exponent of the element type's subnormal numbers
   */
  static void multiply(double[] a, double[] b, double[] c, int k, int leastExponent) {
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 8; column++) {
        c[row * 8 + column] = cell(a, b, c[row * 8 + column], k, row, column, leastExponent);
      }
    }
  }

  private static double cell(
      double[] a, double[] b, double c, int k, int row, int column, int leastExponent) {
    int largest = c == 0 ? NOTHING : Math.getExponent(c);
    double plain = c;
    for (int i = 0; i < k; i++) {
      double x = a[row * k + i];
      double y = b[i * 8 + column];
      plain += x * y;
      if (x != 0 && y != 0) {
        int exponent =
            Math.max(leastExponent, Math.getExponent(x))
                + Math.max(leastExponent, Math.getExponent(y));
        largest = Math.max(largest, exponent);
      }
    }
    if (largest == NOTHING || !(Math.abs(plain) <= Double.MAX_VALUE)) {
      return plain;
    }
    int shift = FRACTION_BITS - largest;
    long sum = (long) Math.scalb(c, shift);
    for (int i = 0; i < k; i++) {
      sum += (long) Math.scalb(a[row * k + i] * b[i * 8 + column], shift);
    }
    return Math.scalb((double) cut(sum), -shift);
  }

  /** Keeps the highest 14 bits of a magnitude. */
  private static long cut(long sum) {
    long magnitude = Math.abs(sum);
    int excess = Long.SIZE - Long.numberOfLeadingZeros(magnitude) - (FRACTION_BITS + 1);
    long kept = excess > 0 ? magnitude >>> excess << excess : magnitude;
    return sum < 0 ? -kept : kept;
  }
}

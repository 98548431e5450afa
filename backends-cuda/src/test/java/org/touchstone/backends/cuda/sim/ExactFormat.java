package org.touchstone.backends.cuda.sim;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;

/**
 * A float format by its definition, on {@link BigDecimal}: a list of all values, and rounding by
 * search among them. Slow, and shares nothing with the simulator.
 */
final class ExactFormat {
  /** How to round. */
  enum Direction {
    NEAREST_EVEN,
    ZERO,
    DOWN,
    UP
  }

  private final int exponentBits;
  private final int mantissaBits;
  private final boolean infinity;
  private final int largestCode;
  private final BigDecimal[] magnitudes;

  /**
   * Creates a format.
   *
   * @param infinity whether the highest exponent is reserved
   * @param largestCode the code of the largest finite value
   */
  private ExactFormat(int exponentBits, int mantissaBits, boolean infinity, int largestCode) {
    this.exponentBits = exponentBits;
    this.mantissaBits = mantissaBits;
    this.infinity = infinity;
    this.largestCode = largestCode;
    this.magnitudes = new BigDecimal[largestCode + 1];
    for (int i = 0; i <= largestCode; i++) {
      magnitudes[i] = magnitude(i);
    }
  }

  static final ExactFormat F16 = new ExactFormat(5, 10, true, 0x7bff);
  static final ExactFormat BF16 = new ExactFormat(8, 7, true, 0x7f7f);
  static final ExactFormat E4M3 = new ExactFormat(4, 3, false, 0x7e);
  static final ExactFormat E5M2 = new ExactFormat(5, 2, true, 0x7b);

  private BigDecimal magnitude(int code) {
    int bias = (1 << (exponentBits - 1)) - 1;
    int exponent = code >> mantissaBits;
    int mantissa = code & ((1 << mantissaBits) - 1);
    BigDecimal m = BigDecimal.valueOf(exponent == 0 ? mantissa : mantissa + (1 << mantissaBits));
    return m.multiply(powerOfTwo(Math.max(exponent, 1) - bias - mantissaBits));
  }

  private static BigDecimal powerOfTwo(int e) {
    BigDecimal two = BigDecimal.valueOf(2);
    return e >= 0 ? two.pow(e) : BigDecimal.ONE.divide(two.pow(-e), MathContext.UNLIMITED);
  }

  int bits() {
    return exponentBits + mantissaBits + 1;
  }

  private int signBit() {
    return 1 << (exponentBits + mantissaBits);
  }

  /** Returns the value of a code as a float; NaN and infinities included. */
  float value(int code) {
    int magnitude = code & (signBit() - 1);
    float v;
    if (magnitude <= largestCode) {
      v = magnitudes[magnitude].floatValue();
    } else {
      v = infinity && magnitude == largestCode + 1 ? Float.POSITIVE_INFINITY : Float.NaN;
    }
    return (code & signBit()) != 0 ? -v : v;
  }

  /** Returns the code that a float rounds to, all beyond the largest value becoming it if asked. */
  int code(float x, Direction direction, boolean finite) {
    if (Float.isNaN(x)) {
      return signBit() - 1;
    }
    int sign = Float.floatToRawIntBits(x) < 0 ? signBit() : 0;
    if (Float.isInfinite(x)) {
      return sign | (finite ? largestCode : largestCode + 1);
    }
    return sign | magnitudeCode(new BigDecimal(x).abs(), sign != 0, direction, finite);
  }

  /** Returns the code that an exact value other than zero rounds to. */
  int code(BigDecimal x, Direction direction) {
    boolean negative = x.signum() < 0;
    return (negative ? signBit() : 0) | magnitudeCode(x.abs(), negative, direction, false);
  }

  private int magnitudeCode(BigDecimal x, boolean negative, Direction direction, boolean finite) {
    int at = Arrays.binarySearch(magnitudes, x);
    if (at >= 0) {
      return at;
    }
    int above = -at - 1;
    int below = above - 1;
    if (above > largestCode && x.compareTo(magnitude(largestCode + 1)) >= 0) {
      return finite || direction == Direction.ZERO ? largestCode : largestCode + 1;
    }
    // The next value beyond the largest, had the format one more exponent, decides overflow.
    BigDecimal high = above <= largestCode ? magnitudes[above] : magnitude(largestCode + 1);
    int order = x.subtract(magnitudes[below]).compareTo(high.subtract(x));
    boolean up =
        switch (direction) {
          case NEAREST_EVEN -> order > 0 || (order == 0 && below % 2 == 1);
          case ZERO -> false;
          case DOWN -> negative;
          case UP -> !negative;
        };
    int code = up ? above : below;
    return finite ? Math.min(code, largestCode) : code;
  }
}

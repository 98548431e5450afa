package org.touchstone.backends.cuda.sim;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/** Exact results rounded to FP32 by definition, on {@link BigDecimal}. */
final class ExactArithmetic {
  private static final RoundingMode[] MODES = {
    RoundingMode.HALF_EVEN, RoundingMode.DOWN, RoundingMode.FLOOR, RoundingMode.CEILING
  };

  private ExactArithmetic() {}

  /**
   * Rounds to FP32.
   *
   * @param direction 0 nearest even, 1 toward zero, 2 down, 3 up
   */
  static float single(BigDecimal x, int direction) {
    if (x.signum() == 0) {
      return 0f;
    }
    // The unit of the last place of the binade that the magnitude lies in, at least 2^-149.
    int e = -149;
    BigDecimal limit = two(24 - 149);
    while (x.abs().compareTo(limit) >= 0) {
      e++;
      limit = limit.add(limit);
    }
    BigInteger units =
        x.divide(two(e), MathContext.UNLIMITED).setScale(0, MODES[direction]).toBigIntegerExact();
    BigDecimal rounded = new BigDecimal(units).multiply(two(e));
    if (rounded.abs().compareTo(two(128)) >= 0) {
      boolean infinite =
          direction == 0
              || (direction == 2 && x.signum() < 0)
              || (direction == 3 && x.signum() > 0);
      return Math.copySign(infinite ? Float.POSITIVE_INFINITY : Float.MAX_VALUE, x.signum());
    }
    return rounded.signum() == 0 ? Math.copySign(0f, x.signum()) : rounded.floatValue();
  }

  /**
   * Rounds a quotient to FP32: enough digits that only an exact tie could be misjudged, and the
   * remainder decides that.
   */
  static float quotient(BigDecimal a, BigDecimal b, int direction) {
    BigDecimal q = a.divide(b, new MathContext(120, RoundingMode.DOWN));
    if (a.subtract(q.multiply(b)).signum() != 0) {
      // Not exact: a sticky digit below all others.
      BigDecimal sticky = q.ulp().movePointLeft(1);
      q = a.signum() * b.signum() > 0 ? q.add(sticky) : q.subtract(sticky);
    }
    return single(q, direction);
  }

  private static BigDecimal two(int e) {
    BigDecimal two = BigDecimal.valueOf(2);
    return e >= 0 ? two.pow(e) : BigDecimal.ONE.divide(two.pow(-e), MathContext.UNLIMITED);
  }
}

package org.touchstone.backends.cpu.reference;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;

/**
 * A value with a bound after a round point inside an operator: {@code r' = R(r)}, {@code E' =
 * max(R(r+E) - r', r' - R(r-E))}. Only values whose interval contains a tie carry an error on.
 *
 * @param value the rounded value
 * @param error its bound
 */
record Rounded(double value, double error) {
  /** Rounds a value with its bound to a type; F32 rounds to FP32. */
  static Rounded of(DType type, Saturation saturation, double value, double error) {
    FloatFormat format = type.format();
    double center = format.roundTo(value, saturation);
    if (error == 0 || Double.isNaN(center)) {
      return new Rounded(center, error);
    }
    double high = format.roundTo(value + error, saturation);
    double low = format.roundTo(value - error, saturation);
    return new Rounded(center, Math.max(distance(high, center), distance(center, low)));
  }

  /** The distance of an infinity from itself is none. */
  private static double distance(double above, double below) {
    return above == below ? 0 : above - below;
  }
}

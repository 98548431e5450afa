package org.touchstone.conformance.judge;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;

/**
 * The values that one element may have: {@code R(value - error)} to {@code R(value + error)}, with
 * R the output rounding.
 *
 * <p>NaN is right exactly where R is NaN at both ends. Where it is NaN at one end only, which
 * happens when an interval straddles the overflow threshold of a format without infinities, NaN and
 * everything beyond the other end are right.
 *
 * @param low smallest value, or NaN
 * @param high largest value, or NaN
 * @param orZero whether zero is right as well, because a declared flush may replace a subnormal
 *     result
 * @param open whether any value but NaN is right
 */
record Bounds(double low, double high, boolean orZero, boolean open) {
  private static final double FP32_MIN_NORMAL = 0x1p-126;

  /**
   * Returns the bounds of an element.
   *
   * @param flushing whether the kernel declares that subnormal results may be flushed
   */
  static Bounds of(
      DType type, Saturation saturation, double value, double error, boolean flushing) {
    if (error == Double.POSITIVE_INFINITY) {
      return new Bounds(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, false, true);
    }
    double low = round(type.format(), saturation, value - error);
    double high = round(type.format(), saturation, value + error);
    boolean orZero =
        flushing
            && type.format().minNormal() == FP32_MIN_NORMAL
            && low < FP32_MIN_NORMAL
            && high > -FP32_MIN_NORMAL;
    return new Bounds(low, high, orZero, false);
  }

  /**
   * Rounds to a format; a format without zero takes its smallest value for what is not positive.
   */
  static double round(FloatFormat format, Saturation saturation, double value) {
    if (!format.hasZero() && value <= 0) {
      return format.minNormal();
    }
    return format.roundTo(value, saturation);
  }

  /** Returns whether an element is right. */
  boolean accept(double actual) {
    if (open) {
      return !Double.isNaN(actual);
    }
    if (Double.isNaN(low) && Double.isNaN(high)) {
      return Double.isNaN(actual);
    }
    if (Double.isNaN(low)) {
      return Double.isNaN(actual) || actual <= high;
    }
    if (Double.isNaN(high)) {
      return Double.isNaN(actual) || actual >= low;
    }
    return (low <= actual && actual <= high) || (orZero && actual == 0);
  }

  /**
   * Returns how far an element is from the exact value, relative to the farthest right value on the
   * same side: at most 1 for a right element, infinite for NaN or infinity out of place.
   */
  double ratio(double exact, double actual) {
    if (open || (actual == 0 && orZero)) {
      return 0;
    }
    if (Double.isNaN(actual) || Double.isNaN(exact) || Double.isNaN(low) || Double.isNaN(high)) {
      return accept(actual) ? 0 : Double.POSITIVE_INFINITY;
    }
    if (actual == exact) {
      return 0;
    }
    double distance = Math.abs(actual - exact);
    double allowed = actual > exact ? high - exact : exact - low;
    if (Double.isInfinite(distance)) {
      return accept(actual) ? 0 : Double.POSITIVE_INFINITY;
    }
    if (!(allowed > 0)) {
      return Double.POSITIVE_INFINITY;
    }
    return Double.isInfinite(allowed) ? 0 : distance / allowed;
  }

  /** Renders as {@code 1.5..1.625}. */
  String text() {
    if (open) {
      return "anything but NaN";
    }
    return low == high || (Double.isNaN(low) && Double.isNaN(high))
        ? Double.toString(low)
        : low + ".." + high + (orZero ? " or 0" : "");
  }
}

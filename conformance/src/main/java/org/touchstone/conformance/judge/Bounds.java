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
   * Returns how much of its bound an element needs: the smallest error of the value before the
   * output rounding that explains it, relative to the bound. 0 for the rounded exact value, at most
   * 1 for a right element, infinite for NaN or infinity out of place. The rounding of the output
   * takes no part in it, so it says how close a kernel is to its bound in narrow formats, too.
   *
   * @param exact the value before rounding
   * @param error its bound
   * @param rounded the value after rounding
   */
  double ratio(FloatFormat format, double exact, double error, double rounded, double actual) {
    boolean right = accept(actual);
    if (open || actual == rounded || (actual == 0 && orZero)) {
      return right ? 0 : Double.POSITIVE_INFINITY;
    }
    boolean nan = Double.isNaN(actual);
    if (nan && Double.isNaN(rounded)) {
      return right ? 0 : Double.POSITIVE_INFINITY;
    }
    if (Double.isNaN(exact) || (nan && format.hasInfinity())) {
      return Double.POSITIVE_INFINITY;
    }
    // Formats without infinity have NaN beyond the same threshold.
    double end =
        nan
            ? boundary(format, Math.copySign(Double.POSITIVE_INFINITY, exact), false)
            : boundary(format, actual, actual > exact);
    double needed = Math.abs(end - exact);
    double ratio = error > 0 ? needed / error : Double.POSITIVE_INFINITY;
    // At a tie the side decides which of two neighbours is right, not the distance.
    return right ? Math.min(1, ratio) : Math.max(Math.nextUp(1.0), ratio);
  }

  /** Returns where values that round to an element end, on the side of smaller or larger values. */
  private static double boundary(FloatFormat format, double element, boolean below) {
    double largest = format.maxFinite();
    if (Double.isInfinite(element)) {
      return Math.copySign(largest + format.ulp(largest) / 2, element);
    }
    double toward = below ? -1 : 1;
    if (Math.abs(element) == largest && element * toward > 0) {
      return element + toward * format.ulp(largest) / 2;
    }
    double next = below ? format.nextDown(element) : format.nextUp(element);
    return (element + next) / 2;
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

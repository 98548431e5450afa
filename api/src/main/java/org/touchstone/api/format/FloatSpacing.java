package org.touchstone.api.format;

/**
 * Neighbours and spacing of the values of a {@link FloatFormat}.
 *
 * <p>Every step is exact: the formats span 2^-149 to 2^128, so dividing a {@code double} by a
 * spacing and multiplying back only moves its exponent.
 */
final class FloatSpacing {
  private FloatSpacing() {}

  static double nextUp(FloatFormat format, double value) {
    if (Double.isNaN(value)) {
      return value;
    }
    double lowest = lowest(format);
    if (value < lowest) {
      return lowest;
    }
    if (value >= format.maxFinite()) {
      return Double.POSITIVE_INFINITY;
    }
    double above = value >= 0 ? magnitudeAbove(format, value) : -magnitudeBelow(format, -value);
    return above == 0 && !format.hasNegativeZero() ? 0.0 : above;
  }

  static double nextDown(FloatFormat format, double value) {
    if (Double.isNaN(value)) {
      return value;
    }
    if (value > format.maxFinite()) {
      return format.maxFinite();
    }
    if (value <= lowest(format)) {
      return Double.NEGATIVE_INFINITY;
    }
    return value > 0 ? magnitudeBelow(format, value) : -magnitudeAbove(format, -value);
  }

  static double ulp(FloatFormat format, double value) {
    double magnitude = Math.abs(value);
    if (Double.isNaN(magnitude) || Double.isInfinite(magnitude)) {
      return magnitude;
    }
    return quantum(format, Math.min(magnitude, format.maxFinite()));
  }

  private static double lowest(FloatFormat format) {
    return format.isSigned() ? -format.maxFinite() : format.minNormal();
  }

  /**
   * Spacing of the binade that holds a finite magnitude; the lowest binade extends down to zero.
   */
  private static double quantum(FloatFormat format, double magnitude) {
    int binade = Math.max(Math.getExponent(magnitude), format.minExponent());
    return Math.scalb(1.0, binade - format.mantissaBits());
  }

  private static double magnitudeAbove(FloatFormat format, double magnitude) {
    double quantum = quantum(format, magnitude);
    return (Math.floor(magnitude / quantum) + 1) * quantum;
  }

  private static double magnitudeBelow(FloatFormat format, double magnitude) {
    double quantum = quantum(format, magnitude);
    double floor = Math.floor(magnitude / quantum) * quantum;
    if (floor < magnitude) {
      return floor;
    }
    // The values below a power of two belong to the next binade down, where the spacing is half.
    boolean powerOfTwo = magnitude == Math.scalb(1.0, Math.getExponent(magnitude));
    boolean bottomOfBinade = powerOfTwo && magnitude > format.minNormal();
    return magnitude - (bottomOfBinade ? quantum / 2 : quantum);
  }
}

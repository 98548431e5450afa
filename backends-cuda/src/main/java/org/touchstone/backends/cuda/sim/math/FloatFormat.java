package org.touchstone.backends.cuda.sim.math;

/**
 * A binary floating-point format of 32 bits or fewer, and conversion to and from it by way of
 * double, which holds each of its values.
 *
 * <p>E4M3 and E5M2 are those of the OCP 8-bit floating point specification; E2M1, E2M3 and E3M2
 * those of the OCP microscaling formats specification.
 */
public enum FloatFormat {
  /** IEEE 754 binary32. */
  F32(8, 23, 0x7fffffff, true),
  /** IEEE 754 binary16. */
  F16(5, 10, 0x7fff, true),
  /** The upper half of binary32. */
  BF16(8, 7, 0x7fff, true),
  /** TensorFloat-32 in the upper 19 bits of binary32. */
  TF32(8, 10, 0x7fffffff >> 13, true),
  /** No infinity, one NaN pattern per sign, largest finite value 448. */
  E4M3(4, 3, 0x7f, false),
  /** Infinities and NaNs as in IEEE 754, largest finite value 57344. */
  E5M2(5, 2, 0x7f, true),
  /** No infinity, no NaN, largest value 6. */
  E2M1(2, 1, -1, false),
  /** No infinity, no NaN, largest value 7.5. */
  E2M3(2, 3, -1, false),
  /** No infinity, no NaN, largest value 28. */
  E3M2(3, 2, -1, false);

  private final int mantissaBits;
  private final int minExponent;
  private final int sign;
  private final int nan;
  private final boolean infinities;
  private final double max;

  FloatFormat(int exponentBits, int mantissaBits, int nan, boolean infinities) {
    this.mantissaBits = mantissaBits;
    this.nan = nan;
    this.infinities = infinities;
    this.minExponent = 2 - (1 << (exponentBits - 1));
    this.sign = 1 << (exponentBits + mantissaBits);
    int codes = sign - 1;
    int largest =
        infinities ? (codes >> mantissaBits << mantissaBits) - 1 : nan < 0 ? codes : codes - 1;
    this.max = magnitude(largest);
  }

  private double magnitude(int code) {
    int exponent = code >> mantissaBits;
    int mantissa = code & ((1 << mantissaBits) - 1);
    return exponent == 0
        ? mantissa * Math.scalb(1.0, minExponent - mantissaBits)
        : (mantissa + (1 << mantissaBits))
            * Math.scalb(1.0, exponent - 1 + minExponent - mantissaBits);
  }

  /** Returns the largest finite value. */
  public double max() {
    return max;
  }

  /** Returns the value of a code, exactly. */
  public double decode(int code) {
    int magnitude = code & (sign - 1);
    double value;
    if (infinities && magnitude >> mantissaBits == (sign - 1) >> mantissaBits) {
      value = (magnitude & ((1 << mantissaBits) - 1)) == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
    } else {
      value = magnitude == nan ? Double.NaN : magnitude(magnitude);
    }
    return (code & sign) != 0 ? -value : value;
  }

  /**
   * Rounds to the nearest value of the format in the direction; beyond the largest, to infinity.
   */
  public double round(double x, Rounding rounding) {
    if (x == 0 || Double.isNaN(x) || Double.isInfinite(x)) {
      return x;
    }
    int exponent = Math.max(Math.getExponent(x), minExponent);
    // Two steps: one scale factor could leave the range of double.
    double scaled = Math.scalb(x, mantissaBits - exponent);
    double rounded = Math.scalb(rounding.integral(scaled), exponent - mantissaBits);
    if (Math.abs(rounded) > max) {
      return rounding.overflows(x < 0)
          ? Math.copySign(Double.POSITIVE_INFINITY, x)
          : Math.copySign(max, x);
    }
    return rounded == 0 ? Math.copySign(0.0, x) : rounded;
  }

  /**
   * Rounds, then encodes; values beyond the largest become infinite (or NaN without infinities).
   */
  public int encode(double x, Rounding rounding) {
    double value = round(x, rounding);
    if (Double.isNaN(value)) {
      return nan;
    }
    int signBit = 1 / value < 0 || value < 0 ? sign : 0;
    double magnitude = Math.abs(value);
    if (Double.isInfinite(magnitude)) {
      return infinities ? signBit | (sign - 1) >> mantissaBits << mantissaBits : signBit | nan;
    }
    int exponent = Math.getExponent(magnitude);
    if (exponent < minExponent) {
      return signBit | (int) Math.scalb(magnitude, mantissaBits - minExponent);
    }
    int mantissa = (int) Math.scalb(magnitude, mantissaBits - exponent) - (1 << mantissaBits);
    return signBit | (exponent - minExponent + 1) << mantissaBits | mantissa;
  }

  /**
   * Rounds, then encodes, the largest finite value standing for all beyond it, infinity included.
   * NaN becomes the format's NaN; in a format without NaN, its largest value.
   */
  public int encodeFinite(double x, Rounding rounding) {
    if (Double.isNaN(x)) {
      return nan < 0 ? sign - 1 : nan;
    }
    double value = round(x, rounding);
    return encode(Math.abs(value) > max ? Math.copySign(max, x) : value, Rounding.RN);
  }
}

package org.touchstone.api.format;

import java.util.OptionalInt;

/**
 * Exact description of a floating-point format of at most 32 bits: its parameters, its special
 * codes and correctly rounded conversion from and to {@code double}, which holds every value of
 * every format here exactly.
 *
 * <p>A code is the bit pattern of one element in the low {@link #bits()} bits of an {@code int}.
 * With sign {@code s}, exponent field {@code e}, mantissa field {@code m} of {@code M} bits, a code
 * that is not special has the value {@code (-1)^s * 2^(1-bias) * m/2^M} if {@code e = 0} and {@code
 * (-1)^s * 2^(e-bias) * (1 + m/2^M)} otherwise. {@link #E8M0} has neither sign nor mantissa nor
 * subnormals: {@code 2^(code-127)}.
 *
 * <p>Written for exactness; hot loops use {@link Bf16}, {@link F16}, {@link Fp8}, {@link E2m1} and
 * {@link E8m0}, which give the same bits. Sources: OCP "8-bit Floating Point Specification (OFP8)"
 * 1.0, OCP "Microscaling Formats (MX)" 1.0, ml_dtypes for the FNUZ types, IEEE 754-2019.
 */
public enum FloatFormat {
  /** IEEE 754 binary32. */
  F32(8, 23, 127, Specials.IEEE, 0x7FC0_0000, 0x7F7F_FFFF),
  /** IEEE 754 binary16. */
  F16(5, 10, 15, Specials.IEEE, 0x7E00, 0x7BFF),
  /** The upper half of an IEEE 754 binary32. */
  BF16(8, 7, 127, Specials.IEEE, 0x7FC0, 0x7F7F),
  /** OCP OFP8 E4M3. */
  E4M3FN(4, 3, 7, Specials.NAN_ALL_ONES, 0x7F, 0x7E),
  /** OCP OFP8 E5M2. */
  E5M2(5, 2, 15, Specials.IEEE, 0x7E, 0x7B),
  /** AMD CDNA3 E4M3 with unsigned zero. */
  E4M3FNUZ(4, 3, 8, Specials.NAN_NEGATIVE_ZERO, 0x80, 0x7F),
  /** AMD CDNA3 E5M2 with unsigned zero. */
  E5M2FNUZ(5, 2, 16, Specials.NAN_NEGATIVE_ZERO, 0x80, 0x7F),
  /** OCP MX FP4; always saturates. */
  E2M1(2, 1, 1, Specials.NONE, 0x0, 0x7),
  /** OCP MX scale: an unsigned power of two. */
  E8M0(8, 0, 127, Specials.POWER_OF_TWO, 0xFF, 0xFE);

  private enum Specials {
    /** Exponent field all ones: infinity with mantissa 0, else NaN. */
    IEEE,
    /** NaN where exponent and mantissa are all ones; no infinity. */
    NAN_ALL_ONES,
    /** NaN in the place of negative zero; no infinity. */
    NAN_NEGATIVE_ZERO,
    /** Every code is a finite number. */
    NONE,
    /** No sign, no zero, code 0xFF is NaN. */
    POWER_OF_TWO
  }

  private static final int DOUBLE_MANTISSA_BITS = 52;
  private static final long DOUBLE_MANTISSA_MASK = (1L << DOUBLE_MANTISSA_BITS) - 1;

  private final int exponentBits;
  private final int mantissaBits;
  private final int bias;
  private final Specials specials;
  private final int nanResult;
  private final int maxFiniteCode;
  private final double maxFinite;

  FloatFormat(
      int exponentBits,
      int mantissaBits,
      int bias,
      Specials specials,
      int nanResult,
      int maxFiniteCode) {
    this.exponentBits = exponentBits;
    this.mantissaBits = mantissaBits;
    this.bias = bias;
    this.specials = specials;
    this.nanResult = nanResult;
    this.maxFiniteCode = maxFiniteCode;
    this.maxFinite = decode(maxFiniteCode);
  }

  /** {@return the width of a code in bits: 4, 8, 16 or 32} */
  public int bits() {
    return exponentBits + mantissaBits + (isSigned() ? 1 : 0);
  }

  /** {@return the width of the exponent field in bits} */
  public int exponentBits() {
    return exponentBits;
  }

  /** {@return the width of the mantissa field in bits, without the hidden bit} */
  public int mantissaBits() {
    return mantissaBits;
  }

  /** {@return what is subtracted from the exponent field of a normal number} */
  public int bias() {
    return bias;
  }

  /** {@return whether there is a sign bit: false for {@link #E8M0} only} */
  public boolean isSigned() {
    return specials != Specials.POWER_OF_TWO;
  }

  /** {@return whether zero is a value: false for {@link #E8M0} only} */
  public boolean hasZero() {
    return specials != Specials.POWER_OF_TWO;
  }

  /** {@return whether -0 differs from +0: not in the FNUZ formats and {@link #E8M0}} */
  public boolean hasNegativeZero() {
    return specials != Specials.NAN_NEGATIVE_ZERO && specials != Specials.POWER_OF_TWO;
  }

  /** {@return whether there are infinities: only in the IEEE-like formats} */
  public boolean hasInfinity() {
    return specials == Specials.IEEE;
  }

  /** {@return whether there is a NaN: false for {@link #E2M1} only} */
  public boolean hasNan() {
    return specials != Specials.NONE;
  }

  /** {@return the one NaN code that conversions write; empty for {@link #E2M1}} */
  public OptionalInt nanCode() {
    return hasNan() ? OptionalInt.of(nanResult) : OptionalInt.empty();
  }

  /** {@return the code of +Infinity; empty where {@link #hasInfinity()} is false} */
  public OptionalInt infinityCode() {
    return hasInfinity() ? OptionalInt.of(maxFiniteCode + 1) : OptionalInt.empty();
  }

  /** {@return the largest finite value, for example 448 for {@link #E4M3FN}} */
  public double maxFinite() {
    return maxFinite;
  }

  /** {@return the code of the largest finite value, 0x7E for {@link #E4M3FN}} */
  public int maxFiniteCode() {
    return maxFiniteCode;
  }

  /**
   * Return the exponent of the largest finite value, {@code floor(log2(maxFinite))}: the {@code
   * emax} of the OCP MX scale rule.
   *
   * @return for example 8 for {@link #E4M3FN}, 15 for {@link #E5M2}, 2 for {@link #E2M1}
   */
  public int maxExponent() {
    return Math.getExponent(maxFinite);
  }

  /** {@return the exponent of {@link #minNormal()}: {@code 1 - bias}, -127 for {@link #E8M0}} */
  public int minExponent() {
    return hasZero() ? 1 - bias : -bias;
  }

  /** {@return the smallest positive normal value, for example 2^-6 for {@link #E4M3FN}} */
  public double minNormal() {
    return powerOfTwo(minExponent());
  }

  /** {@return the code of the smallest positive normal value, 0x08 for {@link #E4M3FN}} */
  public int minNormalCode() {
    return hasZero() ? 1 << mantissaBits : 0;
  }

  /** {@return the smallest positive value; without subnormals it is {@link #minNormal()}} */
  public double minSubnormal() {
    return powerOfTwo(minExponent() - mantissaBits);
  }

  /** {@return the largest subnormal value; 0 for {@link #E8M0}, which has none} */
  public double maxSubnormal() {
    return minNormal() - minSubnormal();
  }

  /** {@return the code of 1.0, for example 0x38 for {@link #E4M3FN}} */
  public int oneCode() {
    return bias << mantissaBits;
  }

  /**
   * Tell whether a code is NaN.
   *
   * @param code the low {@link #bits()} bits are read
   * @return whether {@link #decode} gives NaN
   */
  public boolean isNan(int code) {
    int magnitude = code & magnitudeMask();
    return switch (specials) {
      case IEEE -> magnitude > maxFiniteCode + 1;
      case NAN_ALL_ONES, POWER_OF_TWO -> magnitude > maxFiniteCode;
      case NAN_NEGATIVE_ZERO -> magnitude == 0 && isNegative(code);
      case NONE -> false;
    };
  }

  /**
   * Tell whether a code is +Infinity or -Infinity.
   *
   * @param code the low {@link #bits()} bits are read
   * @return whether {@link #decode} gives an infinity
   */
  public boolean isInfinite(int code) {
    return hasInfinity() && (code & magnitudeMask()) == maxFiniteCode + 1;
  }

  /**
   * Decode a code exactly.
   *
   * @param code the low {@link #bits()} bits are read, so a sign-extended byte or short may be
   *     passed as it is
   * @return the value; NaN, an infinity or -0.0 where the code says so
   */
  public double decode(int code) {
    if (isNan(code)) {
      return Double.NaN;
    }
    int magnitude = code & magnitudeMask();
    double value;
    if (isInfinite(code)) {
      value = Double.POSITIVE_INFINITY;
    } else {
      int exponentField = magnitude >>> mantissaBits;
      int mantissa = magnitude & ((1 << mantissaBits) - 1);
      boolean normal = exponentField != 0 || !hasZero();
      int significand = normal ? mantissa + (1 << mantissaBits) : mantissa;
      int exponent = normal ? exponentField - bias : 1 - bias;
      value = significand * powerOfTwo(exponent - mantissaBits);
    }
    return isNegative(code) ? -value : value;
  }

  /**
   * Encode a value with one rounding to nearest, ties to the even code, of the exact {@code
   * double}.
   *
   * <p>NaN gives {@link #nanCode()}, and code 0 in {@link #E2M1}, whose blocks carry NaN in their
   * scale. A negative value that rounds to zero gives -0, and +0 where there is no -0. {@link
   * #E2M1} saturates in both modes. {@link #E8M0} rounds up to the next power of two, as {@link
   * E8m0#encode(double, E8m0Rounding, Saturation)} with {@link E8m0Rounding#UP}.
   *
   * @param value any value
   * @param saturation what becomes of values that round above {@link #maxFinite()} and of
   *     infinities
   * @return the code, in the low {@link #bits()} bits
   * @throws IllegalArgumentException if this is {@link #E8M0} and {@code value} is zero or negative
   */
  public int encode(double value, Saturation saturation) {
    if (specials == Specials.POWER_OF_TWO) {
      return Byte.toUnsignedInt(E8m0.encode(value, E8m0Rounding.UP, saturation));
    }
    if (Double.isNaN(value)) {
      return nanResult;
    }
    int signBit = Double.doubleToRawLongBits(value) < 0 ? 1 << (exponentBits + mantissaBits) : 0;
    double magnitude = Math.abs(value);
    if (Double.isInfinite(magnitude)) {
      return overflowCode(signBit, saturation);
    }
    long code = roundedMagnitude(magnitude);
    if (code > maxFiniteCode) {
      return overflowCode(signBit, saturation);
    }
    return code == 0 && !hasNegativeZero() ? 0 : signBit | (int) code;
  }

  /**
   * Encode a value with one rounding to nearest, ties to the even code; exactly {@link
   * #encode(double, Saturation)}.
   *
   * @param value any value
   * @param saturation what becomes of values that round above {@link #maxFinite()} and of
   *     infinities
   * @return the code, in the low {@link #bits()} bits
   * @throws IllegalArgumentException if this is {@link #E8M0} and {@code value} is zero or negative
   */
  public int encode(float value, Saturation saturation) {
    return encode((double) value, saturation);
  }

  /**
   * Round a value to this format: {@code decode(encode(value))}.
   *
   * @param value any value
   * @param saturation what becomes of values that round above {@link #maxFinite()} and of
   *     infinities
   * @return the rounded value
   * @throws IllegalArgumentException if this is {@link #E8M0} and {@code value} is zero or negative
   */
  public double roundTo(double value, Saturation saturation) {
    return decode(encode(value, saturation));
  }

  /**
   * Tell whether a value is a value of this format, so that conversion keeps it.
   *
   * @param value any value
   * @return true for NaN where {@link #hasNan()}, for infinities where {@link #hasInfinity()}, for
   *     -0.0 where {@link #hasNegativeZero()}, and for every number that some code decodes to
   */
  public boolean isRepresentable(double value) {
    if (Double.isNaN(value)) {
      return hasNan();
    }
    if (!isSigned() && !(value > 0)) {
      return false;
    }
    return Double.compare(roundTo(value, Saturation.NONSAT), value) == 0;
  }

  /**
   * Return the smallest value of this format that is greater than a given one, as {@link
   * Math#nextUp(double)} does for {@code double}.
   *
   * @param value any value, representable or not
   * @return the neighbour above; +Infinity where no finite value is greater, also in a format
   *     without infinity; NaN for NaN. The neighbour above {@code -minSubnormal()} is -0.0, or +0.0
   *     where there is no -0
   */
  public double nextUp(double value) {
    return FloatSpacing.nextUp(this, value);
  }

  /**
   * Return the greatest value of this format that is smaller than a given one, as {@link
   * Math#nextDown(double)} does for {@code double}.
   *
   * @param value any value, representable or not
   * @return the neighbour below; -Infinity where no finite value is smaller, also in a format
   *     without infinity; NaN for NaN
   */
  public double nextDown(double value) {
    return FloatSpacing.nextDown(this, value);
  }

  /**
   * Return the spacing of this format at a value: the distance from {@code 2^k} to the next
   * representable value, where {@code 2^k <= |value| < 2^(k+1)}, as {@link Math#ulp(double)} does
   * for {@code double}.
   *
   * @param value any value, representable or not
   * @return the spacing; that of the lowest binade below {@link #minNormal()}, that of the highest
   *     above {@link #maxFinite()}; +Infinity for infinities, NaN for NaN
   */
  public double ulp(double value) {
    return FloatSpacing.ulp(this, value);
  }

  /** Magnitude code of a finite value >= 0, above {@link #maxFiniteCode} where it overflows. */
  private long roundedMagnitude(double magnitude) {
    int exponent = Math.getExponent(magnitude);
    if (exponent < Double.MIN_EXPONENT) {
      return 0;
    }
    int binade = Math.max(exponent, minExponent());
    int shift = (binade - mantissaBits) - (exponent - DOUBLE_MANTISSA_BITS);
    if (shift > DOUBLE_MANTISSA_BITS + 1) {
      return 0;
    }
    long significand =
        (Double.doubleToRawLongBits(magnitude) & DOUBLE_MANTISSA_MASK) | (DOUBLE_MANTISSA_MASK + 1);
    long quotient = significand >>> shift;
    long remainder = significand - (quotient << shift);
    long half = 1L << (shift - 1);
    if (remainder > half || (remainder == half && (quotient & 1) != 0)) {
      quotient++;
    }
    // The hidden bit adds one to the exponent field and a carry out of the mantissa another, so no
    // renormalisation.
    return ((long) (binade - minExponent()) << mantissaBits) + quotient;
  }

  private int overflowCode(int signBit, Saturation saturation) {
    if (saturation == Saturation.SAT || specials == Specials.NONE) {
      return signBit | maxFiniteCode;
    }
    return hasInfinity() ? signBit | maxFiniteCode + 1 : nanResult;
  }

  private int magnitudeMask() {
    return (1 << (exponentBits + mantissaBits)) - 1;
  }

  private boolean isNegative(int code) {
    return isSigned() && (code >>> (exponentBits + mantissaBits) & 1) != 0;
  }

  private static double powerOfTwo(int exponent) {
    return Math.scalb(1.0, exponent);
  }
}

package org.touchstone.api.format;

/**
 * Codec of {@link DType#E8M0}, the power-of-two block scale of the OCP MX formats: code {@code b}
 * is {@code 2^(b-127)}, 0xFF is NaN.
 *
 * <p>There is no zero and no sign. Code 0 is {@code 2^-127}, a subnormal of FP32: a device that
 * flushes FP32 subnormals cannot represent it. Source: OCP "Microscaling Formats (MX)" 1.0, section
 * 5.4.1.
 */
public final class E8m0 {
  /** The code of NaN. */
  public static final byte NAN = (byte) 0xFF;

  private static final int FLOAT_EXPONENT_SHIFT = 23;
  private static final int FLOAT_INFINITY_BITS = 0x7F80_0000;
  private static final int SUBNORMAL_TWO_TO_MINUS_127 = 0x0040_0000;
  private static final int MAX_CODE = 0xFE;
  private static final int BIAS = 127;

  private E8m0() {}

  /**
   * Decode a scale exactly.
   *
   * @param code all eight bits count, the byte's sign has no meaning
   * @return {@code 2^(code-127)}, which is subnormal for code 0; NaN for 0xFF
   */
  public static float toFloat(byte code) {
    int field = Byte.toUnsignedInt(code);
    if (field == 0) {
      return Float.intBitsToFloat(SUBNORMAL_TWO_TO_MINUS_127);
    }
    return field > MAX_CODE ? Float.NaN : Float.intBitsToFloat(field << FLOAT_EXPONENT_SHIFT);
  }

  /**
   * Round a positive number to a power of two.
   *
   * @param value a number above 0, an infinity of either sign or NaN
   * @param rounding which of the two neighbours to take
   * @param saturation code for +Infinity and for what rounds above 2^127: 0xFE if {@link
   *     Saturation#SAT}, else 0xFF
   * @return the code; 0 for everything below 2^-127, 0xFF for NaN
   * @throws IllegalArgumentException if {@code value} is zero or negative, for which the format has
   *     no code
   */
  public static byte encode(double value, E8m0Rounding rounding, Saturation saturation) {
    if (Double.isNaN(value)) {
      return NAN;
    }
    if (!(value > 0)) {
      throw new IllegalArgumentException(
          "E8M0 has no code for %s: expected a positive number, raise the value to a floor first"
              .formatted(value));
    }
    byte overflow = saturation == Saturation.SAT ? (byte) MAX_CODE : NAN;
    if (Double.isInfinite(value)) {
      return overflow;
    }
    int exponent = Math.max(Math.getExponent(value), -BIAS);
    double power = Math.scalb(1.0, exponent);
    int code = exponent + BIAS;
    if (roundsAbove(value, power, code, rounding)) {
      code++;
    }
    return code > MAX_CODE ? overflow : (byte) code;
  }

  private static boolean roundsAbove(double value, double power, int code, E8m0Rounding rounding) {
    return switch (rounding) {
      case UP -> value > power;
      case NEAREST -> {
        double midpoint = 1.5 * power;
        yield value > midpoint || (value == midpoint && (code & 1) != 0);
      }
    };
  }

  /**
   * Encode a scale that is a power of two from 2^-127 to 2^127, or NaN.
   *
   * @param scale the scale
   * @return its code; 0xFF for NaN
   * @throws IllegalArgumentException if {@code scale} is anything else
   */
  public static byte ofPowerOfTwo(float scale) {
    int bits = Float.floatToRawIntBits(scale);
    int field = bits >>> FLOAT_EXPONENT_SHIFT;
    if (Float.isNaN(scale)) {
      return NAN;
    }
    if (bits == SUBNORMAL_TWO_TO_MINUS_127) {
      return 0;
    }
    if (field < 1 || field > MAX_CODE || bits << (Integer.SIZE - FLOAT_EXPONENT_SHIFT) != 0) {
      throw new IllegalArgumentException(
          "scale %s is not an E8M0 value: expected a power of two from 2^-127 to 2^127, round it with encode first"
              .formatted(scale));
    }
    return (byte) field;
  }

  /**
   * Round a positive scale up to a power of two on its bits: {@code 2^ceil(log2 scale)} with the
   * exponent field clamped to 1..254, that is to 2^-126..2^127.
   *
   * <p>A floating-point {@code ceil(log2(scale))} can be off by one at exact powers of two; the
   * bits cannot. Source: DeepSeek DeepGEMM {@code utils/math.py}, {@code ceil_to_ue8m0}.
   *
   * @param scale the scale, at least 0
   * @return the power of two; NaN if {@code scale} is NaN or infinite, which the bits would turn
   *     into a number
   */
  public static float ceilLog2Scale(float scale) {
    int bits = Float.floatToRawIntBits(scale) & Integer.MAX_VALUE;
    if (bits >= FLOAT_INFINITY_BITS) {
      return Float.NaN;
    }
    int field = (bits + ((1 << FLOAT_EXPONENT_SHIFT) - 1)) >>> FLOAT_EXPONENT_SHIFT;
    return Float.intBitsToFloat(Math.clamp(field, 1, MAX_CODE) << FLOAT_EXPONENT_SHIFT);
  }
}

package org.touchstone.api.format;

/**
 * Codec of {@link DType#BF16} for hot loops; the same bits as {@link FloatFormat#BF16}.
 *
 * <p>Inputs are {@code float}. A {@code double} goes through {@link FloatFormat#encode(double,
 * Saturation)}: rounding it to {@code float} first would round twice.
 */
public final class Bf16 {
  private static final int FLOAT_INFINITY_BITS = 0x7F80_0000;
  private static final int MAX_FINITE_CODE = 0x7F7F;
  private static final short NAN_CODE = 0x7FC0;

  private Bf16() {}

  /**
   * Decode exactly.
   *
   * @param code the 16 bits of a BF16
   * @return the value
   */
  public static float toFloat(short code) {
    return Float.intBitsToFloat(code << Short.SIZE);
  }

  /**
   * Encode with round to nearest, ties to even; overflow gives infinity ({@link
   * Saturation#NONSAT}).
   *
   * @param value any value
   * @return the 16 bits; 0x7FC0 for every NaN
   */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    // The carry of the rounding below would turn a NaN into an infinity or a zero.
    if ((bits & Integer.MAX_VALUE) > FLOAT_INFINITY_BITS) {
      return NAN_CODE;
    }
    return (short) ((bits + 0x7FFF + ((bits >>> Short.SIZE) & 1)) >>> Short.SIZE);
  }

  /**
   * Encode with round to nearest, ties to even.
   *
   * @param value any value
   * @param saturation what becomes of infinities and of values that round to infinity
   * @return the 16 bits; 0x7FC0 for every NaN
   */
  public static short fromFloat(float value, Saturation saturation) {
    short code = fromFloat(value);
    if (saturation == Saturation.SAT && (code & 0x7FFF) == MAX_FINITE_CODE + 1) {
      return (short) (code - 1);
    }
    return code;
  }

  /**
   * Round to the nearest BF16 value, ties to even; overflow gives infinity.
   *
   * @param value any value
   * @return {@code toFloat(fromFloat(value))}
   */
  public static float round(float value) {
    return toFloat(fromFloat(value));
  }
}

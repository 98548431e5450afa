package org.touchstone.api.format;

/**
 * Codec of {@link DType#F16} for hot loops; the same bits as {@link FloatFormat#F16}.
 *
 * <p>Inputs are {@code float}. A {@code double} goes through {@link FloatFormat#encode(double,
 * Saturation)}: rounding it to {@code float} first would round twice.
 */
public final class F16 {
  private static final int MAX_FINITE_CODE = 0x7BFF;
  private static final short NAN_CODE = 0x7E00;

  private F16() {}

  /**
   * Decode exactly, subnormals included.
   *
   * @param code the 16 bits of an IEEE 754 binary16
   * @return the value
   */
  public static float toFloat(short code) {
    return Float.float16ToFloat(code);
  }

  /**
   * Encode with round to nearest, ties to even; overflow gives infinity ({@link
   * Saturation#NONSAT}).
   *
   * @param value any value
   * @return the 16 bits; 0x7E00 for every NaN
   */
  public static short fromFloat(float value) {
    // Float.floatToFloat16 keeps sign and payload of a NaN, which differs from device to device.
    return Float.isNaN(value) ? NAN_CODE : Float.floatToFloat16(value);
  }

  /**
   * Encode with round to nearest, ties to even.
   *
   * @param value any value
   * @param saturation what becomes of infinities and of values that round to infinity
   * @return the 16 bits; 0x7E00 for every NaN
   */
  public static short fromFloat(float value, Saturation saturation) {
    short code = fromFloat(value);
    if (saturation == Saturation.SAT && (code & 0x7FFF) == MAX_FINITE_CODE + 1) {
      return (short) (code - 1);
    }
    return code;
  }

  /**
   * Round to the nearest binary16 value, ties to even; overflow gives infinity.
   *
   * @param value any value
   * @return {@code toFloat(fromFloat(value))}
   */
  public static float round(float value) {
    return toFloat(fromFloat(value));
  }
}

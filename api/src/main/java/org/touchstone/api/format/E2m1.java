package org.touchstone.api.format;

/**
 * Codec of {@link DType#E2M1}, the 4-bit element of MXFP4 and NVFP4, for hot loops; the same bits
 * as {@link FloatFormat#E2M1}.
 *
 * <p>A code is the low four bits of a byte: the sign in bit 3, and in bits 0 to 2 the magnitudes 0,
 * 0.5, 1, 1.5, 2, 3, 4, 6. There is neither infinity nor NaN, so conversions saturate. {@link
 * Nibbles} packs two codes into a byte.
 */
public final class E2m1 {
  private static final int CODES = 16;
  private static final int SIGN_BIT = 8;
  private static final int MAX_CODE = 7;
  private static final int FLOAT_INFINITY_BITS = 0x7F80_0000;
  private static final float[] VALUES = decodeAll();

  private E2m1() {}

  /**
   * Decode exactly.
   *
   * @param code the low four bits are read
   * @return the value; -0.0 for code 8
   */
  public static float toFloat(int code) {
    return VALUES[code & (CODES - 1)];
  }

  /**
   * Return the values of all codes, for a loop that wants to index an array of its own.
   *
   * @return a new array of 16 values, indexed by the code
   */
  public static float[] decodeTable() {
    return VALUES.clone();
  }

  /**
   * Encode with round to nearest, ties to even, saturating at 6.
   *
   * @param value any value; a NaN belongs into the scale of its block and gives code 0 here
   * @return the code, 0 to 15; a negative value that rounds to zero gives 8, which is -0
   */
  public static byte encode(float value) {
    int bits = Float.floatToRawIntBits(value);
    int magnitude = bits & Integer.MAX_VALUE;
    if (magnitude > FLOAT_INFINITY_BITS) {
      return 0;
    }
    int sign = bits >>> (Integer.SIZE - 4) & SIGN_BIT;
    return (byte) (sign | Math.min(NarrowRounding.magnitudeCode(magnitude, 1, 1), MAX_CODE));
  }

  private static float[] decodeAll() {
    float[] values = new float[CODES];
    for (int code = 0; code < CODES; code++) {
      values[code] = (float) FloatFormat.E2M1.decode(code);
    }
    return values;
  }
}

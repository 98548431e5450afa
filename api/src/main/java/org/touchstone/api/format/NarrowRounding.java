package org.touchstone.api.format;

/** The one rounding step that the codecs of formats with a short mantissa share. */
final class NarrowRounding {
  private static final int FLOAT_MANTISSA_BITS = 23;
  private static final int FLOAT_BIAS = 127;

  private NarrowRounding() {}

  /**
   * Round a finite magnitude to nearest, ties to the even code.
   *
   * @param magnitudeBits bits of a finite {@code float} with the sign cleared
   * @param mantissaBits of the target format
   * @param bias of the target format
   * @return the magnitude code; beyond the largest finite code where the value overflows
   */
  static int magnitudeCode(int magnitudeBits, int mantissaBits, int bias) {
    int minNormalBits = (FLOAT_BIAS + 1 - bias) << FLOAT_MANTISSA_BITS;
    if (magnitudeBits < minNormalBits) {
      // A float whose spacing is the target's smallest subnormal: the adder rounds to a multiple of
      // it.
      int unitBits =
          (FLOAT_BIAS + 1 - bias - mantissaBits + FLOAT_MANTISSA_BITS) << FLOAT_MANTISSA_BITS;
      float rounded = Float.intBitsToFloat(magnitudeBits) + Float.intBitsToFloat(unitBits);
      return Float.floatToRawIntBits(rounded) - unitBits;
    }
    int dropped = FLOAT_MANTISSA_BITS - mantissaBits;
    int oddBit = magnitudeBits >>> dropped & 1;
    int rounded = magnitudeBits + (1 << (dropped - 1)) - 1 + oddBit;
    return (rounded >>> dropped) - ((FLOAT_BIAS - bias) << mantissaBits);
  }
}

package org.touchstone.api.format;

import static org.touchstone.api.format.NarrowRounding.magnitudeCode;

/**
 * Codec of the four 8-bit element types {@link DType#E4M3FN}, {@link DType#E5M2}, {@link
 * DType#E4M3FNUZ} and {@link DType#E5M2FNUZ} for hot loops; the same bits as their {@link
 * FloatFormat}.
 *
 * <p>Every method throws {@link IllegalArgumentException} for any other type. With a type that is
 * constant in a loop, the choice of the format is hoisted out of it. Inputs are {@code float}. A
 * {@code double} goes through {@link FloatFormat#encode(double, Saturation)}: rounding it to {@code
 * float} first would round twice.
 */
public final class Fp8 {
  private static final int CODES = 256;
  private static final int SIGN_BIT = 0x80;
  private static final int FLOAT_INFINITY_BITS = 0x7F80_0000;

  private static final float[] E4M3FN_VALUES = decodeAll(FloatFormat.E4M3FN);
  private static final float[] E5M2_VALUES = decodeAll(FloatFormat.E5M2);
  private static final float[] E4M3FNUZ_VALUES = decodeAll(FloatFormat.E4M3FNUZ);
  private static final float[] E5M2FNUZ_VALUES = decodeAll(FloatFormat.E5M2FNUZ);

  private Fp8() {}

  /**
   * Tell whether a type is one of the four that this codec handles.
   *
   * @param type any type
   * @return false for {@link DType#E8M0} too, which is 8 bits wide but holds scales
   */
  public static boolean accepts(DType type) {
    return switch (type) {
      case E4M3FN, E5M2, E4M3FNUZ, E5M2FNUZ -> true;
      default -> false;
    };
  }

  /**
   * Decode exactly.
   *
   * @param code the 8 bits
   * @param type one of the four 8-bit element types
   * @return the value
   */
  public static float toFloat(byte code, DType type) {
    return values(type)[Byte.toUnsignedInt(code)];
  }

  /**
   * Return the values of all codes, for a loop that wants to index an array of its own.
   *
   * @param type one of the four 8-bit element types
   * @return a new array of 256 values, indexed by the code as an unsigned byte
   */
  public static float[] decodeTable(DType type) {
    return values(type).clone();
  }

  /**
   * Encode with round to nearest, ties to even.
   *
   * <p>A negative value that rounds to zero gives -0, and +0 in the FNUZ types.
   *
   * @param value any value
   * @param type one of the four 8-bit element types
   * @param saturation what becomes of infinities and of values that round above the largest finite
   *     value
   * @return the 8 bits; for every NaN 0x7F (E4M3FN), 0x7E (E5M2) or 0x80 (FNUZ)
   */
  public static byte encode(float value, DType type, Saturation saturation) {
    int bits = Float.floatToRawIntBits(value);
    int magnitude = bits & Integer.MAX_VALUE;
    int sign = bits >>> (Integer.SIZE - Byte.SIZE) & SIGN_BIT;
    return switch (type) {
      case E4M3FN -> {
        if (magnitude > FLOAT_INFINITY_BITS) {
          yield 0x7F;
        }
        int code = magnitudeCode(magnitude, 3, 7);
        if (code > 0x7E) {
          yield (byte) (saturation == Saturation.SAT ? sign | 0x7E : 0x7F);
        }
        yield (byte) (sign | code);
      }
      case E5M2 -> {
        if (magnitude > FLOAT_INFINITY_BITS) {
          yield 0x7E;
        }
        int code = Math.min(magnitudeCode(magnitude, 2, 15), 0x7C);
        yield (byte) (sign | (saturation == Saturation.SAT ? Math.min(code, 0x7B) : code));
      }
      case E4M3FNUZ -> unsignedZero(magnitude, sign, magnitudeCode(magnitude, 3, 8), saturation);
      case E5M2FNUZ -> unsignedZero(magnitude, sign, magnitudeCode(magnitude, 2, 16), saturation);
      default -> throw unsupported(type);
    };
  }

  private static byte unsignedZero(int magnitude, int sign, int code, Saturation saturation) {
    if (magnitude > FLOAT_INFINITY_BITS || (code > 0x7F && saturation == Saturation.NONSAT)) {
      return (byte) 0x80;
    }
    return (byte) (code == 0 ? 0 : sign | Math.min(code, 0x7F));
  }

  private static float[] values(DType type) {
    return switch (type) {
      case E4M3FN -> E4M3FN_VALUES;
      case E5M2 -> E5M2_VALUES;
      case E4M3FNUZ -> E4M3FNUZ_VALUES;
      case E5M2FNUZ -> E5M2FNUZ_VALUES;
      default -> throw unsupported(type);
    };
  }

  private static float[] decodeAll(FloatFormat format) {
    float[] values = new float[CODES];
    for (int code = 0; code < CODES; code++) {
      values[code] = (float) format.decode(code);
    }
    return values;
  }

  private static IllegalArgumentException unsupported(DType type) {
    return new IllegalArgumentException(
        "%s is not an 8-bit element type: expected E4M3FN, E5M2, E4M3FNUZ or E5M2FNUZ"
            .formatted(type));
  }
}

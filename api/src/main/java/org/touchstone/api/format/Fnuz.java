package org.touchstone.api.format;

/**
 * Re-encoding of OCP FP8 bytes for hardware whose FP8 is FNUZ (AMD CDNA3), and back, without
 * touching the numbers.
 *
 * <p>The bias of an FNUZ type is one larger, so the same byte means half the value: keep the bytes,
 * repair the codes whose meaning differs, and multiply the dequantisation scale by {@link
 * #SCALE_FROM_FN}. {@link DType#E4M3FN} pairs with {@link DType#E4M3FNUZ} and {@link DType#E5M2}
 * with {@link DType#E5M2FNUZ}. Source: the FNUZ weight normalisation of vLLM, {@code
 * normalize_e4m3fn_to_e4m3fnuz}.
 */
public final class Fnuz {
  /** Factor of the dequantisation scale that makes up for re-encoding OCP bytes as FNUZ bytes. */
  public static final float SCALE_FROM_FN = 2.0f;

  private static final byte SIGN_ONLY = (byte) 0x80;

  private Fnuz() {}

  /**
   * Re-encode an OCP code as the FNUZ code of half its value.
   *
   * @param code a finite OCP code; -0 becomes +0
   * @param type the OCP type, {@link DType#E4M3FN} or {@link DType#E5M2}
   * @return the FNUZ code
   * @throws IllegalArgumentException if {@code code} is NaN or infinite, which an FNUZ byte would
   *     turn into a number, or if {@code type} is another type
   */
  public static byte fromFn(byte code, DType type) {
    requireOcp(type);
    if (!Double.isFinite(type.format().decode(code))) {
      throw new IllegalArgumentException(
          "%s code 0x%02x is not finite and would be a number in FNUZ: check the tensor for NaN and infinity first"
              .formatted(type, code));
    }
    return code == SIGN_ONLY ? 0 : code;
  }

  /**
   * Re-encode an FNUZ code as the OCP code of twice its value, so that the scale is to be divided
   * by {@link #SCALE_FROM_FN}.
   *
   * @param code an FNUZ code; NaN becomes the OCP type's NaN
   * @param type the OCP type to produce, {@link DType#E4M3FN} or {@link DType#E5M2}
   * @return the OCP code
   * @throws IllegalArgumentException if twice the value is beyond the OCP type (codes 0x7F and 0xFF
   *     for E4M3FN, 0x7C to 0x7F and 0xFC to 0xFF for E5M2), or if {@code type} is another type
   */
  public static byte toFn(byte code, DType type) {
    requireOcp(type);
    FloatFormat format = type.format();
    if (code == SIGN_ONLY) {
      return (byte) format.nanCode().orElseThrow();
    }
    if (!Double.isFinite(format.decode(code))) {
      throw new IllegalArgumentException(
          "FNUZ code 0x%02x doubled is beyond %s: expected a magnitude of at most %s, decode and quantise again"
              .formatted(code, type, format.maxFinite() / SCALE_FROM_FN));
    }
    return code;
  }

  private static void requireOcp(DType type) {
    if (type != DType.E4M3FN && type != DType.E5M2) {
      throw new IllegalArgumentException(
          "%s has no FNUZ counterpart: expected E4M3FN or E5M2".formatted(type));
    }
  }
}

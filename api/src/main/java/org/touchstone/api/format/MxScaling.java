package org.touchstone.api.format;

/**
 * Scale and codes of a block in the OCP MX formats: 32 elements along K that share one {@link
 * DType#E8M0} scale.
 *
 * <p>A block in which an element is NaN or infinite gets the scale code 0xFF and the element codes
 * 0: the whole block dequantises to NaN. Sources: OCP "Microscaling Formats (MX)" 1.0, microxcaling
 * {@code mx/mx_ops.py}, DeepSeek TileKernels for {@link MxScaleRule#CEIL_NO_SAT}.
 *
 * @param elementType {@link DType#E4M3FN}, {@link DType#E5M2} or {@link DType#E2M1}
 * @param rule how the scale follows from the block's largest magnitude
 */
public record MxScaling(DType elementType, MxScaleRule rule) {
  /** Elements per block, along K; a last partial block has fewer. */
  public static final int BLOCK = 32;

  private static final int E8M0_BIAS = FloatFormat.E8M0.bias();

  /** Check the element type. */
  public MxScaling {
    if (elementType != DType.E4M3FN && elementType != DType.E5M2 && elementType != DType.E2M1) {
      throw new IllegalArgumentException(
          "%s is no MX element type: expected E4M3FN, E5M2 or E2M1".formatted(elementType));
    }
  }

  /**
   * Compute the scale of a block.
   *
   * @param amax largest magnitude of the block's real elements, NaN if one of them is NaN
   * @return the E8M0 code: 0xFF if {@code amax} is NaN or infinite; for zero 0 (2^-127) by {@link
   *     MxScaleRule#OCP_FLOOR} and 1 (2^-126) by {@link MxScaleRule#CEIL_NO_SAT}
   */
  public byte scaleFor(float amax) {
    if (!Float.isFinite(amax)) {
      return E8m0.NAN;
    }
    FloatFormat format = elementType.format();
    return switch (rule) {
      case OCP_FLOOR -> {
        // Subnormals and zero report -127, which is low enough to be clamped whatever their true
        // exponent.
        int exponent = Math.getExponent(amax) - format.maxExponent();
        yield (byte) (Math.clamp(exponent, -E8M0_BIAS, E8M0_BIAS) + E8M0_BIAS);
      }
      case CEIL_NO_SAT -> {
        // The lower clamp of ceilLog2Scale is the floor of maxFinite * 2^-126 that DeepSeek puts
        // under amax.
        float scale = E8m0.ceilLog2Scale(amax / (float) format.maxFinite());
        yield E8m0.ofPowerOfTwo(scale);
      }
    };
  }

  /**
   * Quantise one element.
   *
   * @param value the element
   * @param scale the E8M0 code of its block
   * @return {@code value / scale} encoded with saturation: 8 bits, or 0 to 15 for {@link
   *     DType#E2M1}; 0 if the scale is NaN
   */
  public byte quantize(float value, byte scale) {
    if (scale == E8m0.NAN) {
      return 0;
    }
    float scaled = value / E8m0.toFloat(scale);
    return elementType == DType.E2M1
        ? E2m1.encode(scaled)
        : Fp8.encode(scaled, elementType, Saturation.SAT);
  }

  /**
   * Dequantise one element.
   *
   * @param code its code
   * @param scale the E8M0 code of its block
   * @return {@code code * scale}, which is exact unless it overflows FP32; NaN if the scale is NaN
   */
  public float dequantize(byte code, byte scale) {
    float element = elementType == DType.E2M1 ? E2m1.toFloat(code) : Fp8.toFloat(code, elementType);
    return element * E8m0.toFloat(scale);
  }
}

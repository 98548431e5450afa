package org.touchstone.api.format;

/**
 * Scales and codes of an NVFP4 tensor: {@link DType#E2M1} elements in blocks of 16 along K, each
 * with an unsigned E4M3FN scale, and one FP32 scale for the whole tensor.
 *
 * <p>{@code globalScale} is G, which <em>multiplies</em> on quantisation. ModelOpt checkpoints
 * store 1/G ({@code weight_scale_2}), compressed-tensors store G ({@code weight_global_scale}).
 * {@code sf = E4M3FN(G * amaxBlock / 6)}, {@code d = sf / G}, {@code q = E2M1(clamp(x * (1/d), -6,
 * 6))}, dequantised {@code q * sf / G}, from left to right in FP32. Source: FlashInfer's NVFP4
 * reference.
 *
 * @param globalScale G, finite and above 0
 */
public record Nvfp4Scaling(float globalScale) {
  /** Elements per block, along K; a last partial block has fewer. */
  public static final int BLOCK = 16;

  private static final float MAX_ELEMENT = 6f;
  private static final float MAX_BLOCK_SCALE = 448f;

  /** Check the range. */
  public Nvfp4Scaling {
    if (!(globalScale > 0 && Float.isFinite(globalScale))) {
      throw new IllegalArgumentException(
          "NVFP4 global scale: expected a finite number above 0, got %s".formatted(globalScale));
    }
  }

  /**
   * Derive the global scale from a tensor: {@code 448 * 6 / amax}, at most the largest float.
   *
   * @param amaxTensor largest magnitude of the tensor, NaN if one element is NaN
   * @return the scaling; G is 1 if {@code amaxTensor} is 0, infinite or NaN
   */
  public static Nvfp4Scaling ofTensorAmax(float amaxTensor) {
    if (amaxTensor == 0 || !Float.isFinite(amaxTensor)) {
      return new Nvfp4Scaling(1f);
    }
    return new Nvfp4Scaling(Math.min(MAX_BLOCK_SCALE * MAX_ELEMENT / amaxTensor, Float.MAX_VALUE));
  }

  /**
   * Compute the scale of a block.
   *
   * @param amaxBlock largest magnitude of the block's real elements, NaN if one of them is NaN
   * @return the E4M3FN code, sign 0; 0x7F for NaN, saturated at 0x7E
   */
  public byte scaleFor(float amaxBlock) {
    return Fp8.encode(globalScale * amaxBlock / MAX_ELEMENT, DType.E4M3FN, Saturation.SAT);
  }

  /**
   * Compute the step between element value 0 and 1 in a block.
   *
   * @param blockScale what {@link #scaleFor} gave for the block
   * @return {@code blockScale / globalScale}; 0 for a block whose scale underflowed, NaN for 0x7F
   */
  public float effectiveScale(byte blockScale) {
    return Fp8.toFloat(blockScale, DType.E4M3FN) / globalScale;
  }

  /**
   * Quantise one element.
   *
   * @param value the element
   * @param blockScale what {@link #scaleFor} gave for its block
   * @return the code, 0 to 15; 0 if the effective scale is 0 or NaN
   */
  public byte quantize(float value, byte blockScale) {
    float effective = effectiveScale(blockScale);
    return effective == 0 ? 0 : E2m1.encode(value * (1 / effective));
  }

  /**
   * Dequantise one element.
   *
   * @param code its code, 0 to 15
   * @param blockScale the scale of its block
   * @return {@code code * blockScale / globalScale}, rounded once to FP32
   */
  public float dequantize(byte code, byte blockScale) {
    return E2m1.toFloat(code) * Fp8.toFloat(blockScale, DType.E4M3FN) / globalScale;
  }
}

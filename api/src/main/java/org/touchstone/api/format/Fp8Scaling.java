package org.touchstone.api.format;

/**
 * Scale and codes of a group of FP8 elements that share one scale: 1 x g groups of activations,
 * tiles of weights, rows, columns or a whole tensor. The scale multiplies on dequantisation.
 *
 * <p>{@code a = max(amaxFloor, amax)}, {@code s = a / maxValue} by IEEE division, in {@link
 * ScaleMode#UE8M0_CEIL} rounded up to a power of two on its bits, {@code q = encode(clamp(x / s,
 * -maxValue, maxValue))}, all in FP32. {@code amax} is the largest magnitude of the group's real
 * elements, NaN if one of them is NaN. Source: DeepSeek-V3 {@code inference/kernel.py} and DeepGEMM
 * {@code utils/math.py}, with the division kept where those multiply by a reciprocal.
 *
 * @param elementType one of the four 8-bit element types
 * @param scaleType {@link DType#F32}, or {@link DType#E8M0}, which needs {@link
 *     ScaleMode#UE8M0_CEIL}
 * @param mode how the scale is rounded
 * @param maxValue magnitude that {@code a} is mapped to, above 0 and at most the element type's
 *     largest finite value
 * @param amaxFloor lower bound of {@code a}, above 0: without it a group of zeros would be 0/0
 */
public record Fp8Scaling(
    DType elementType, DType scaleType, ScaleMode mode, float maxValue, float amaxFloor) {

  /** The floor that DeepSeek's kernels put under the largest magnitude of a group. */
  public static final float DEFAULT_AMAX_FLOOR = 1e-4f;

  /** Check that the parts fit together. */
  public Fp8Scaling {
    if (!Fp8.accepts(elementType)) {
      throw new IllegalArgumentException(
          "%s is no FP8 element type: expected E4M3FN, E5M2, E4M3FNUZ or E5M2FNUZ"
              .formatted(elementType));
    }
    float largest = Fp8.toFloat((byte) elementType.format().maxFiniteCode(), elementType);
    if (scaleType != DType.F32 && scaleType != DType.E8M0) {
      throw new IllegalArgumentException(
          "scale type %s cannot scale FP8 groups: expected F32 or E8M0".formatted(scaleType));
    }
    if (scaleType == DType.E8M0 && mode != ScaleMode.UE8M0_CEIL) {
      throw new IllegalArgumentException(
          "E8M0 holds powers of two only: expected mode UE8M0_CEIL, got %s".formatted(mode));
    }
    if (!(maxValue > 0 && maxValue <= largest)) {
      throw new IllegalArgumentException(
          "max value of %s elements: expected above 0 and at most %s, got %s"
              .formatted(elementType, largest, maxValue));
    }
    if (!(amaxFloor / maxValue > 0 && Float.isFinite(amaxFloor))) {
      throw new IllegalArgumentException(
          "amax floor %s gives no positive scale: expected a finite number above 0, for example %s"
              .formatted(amaxFloor, DEFAULT_AMAX_FLOOR));
    }
  }

  /**
   * Describe DeepSeek's quantisation to E4M3FN: mapped to 448, floor 1e-4.
   *
   * @param scaleType type in which scales are stored
   * @param mode how scales are rounded
   * @return the description
   * @throws IllegalArgumentException if the two do not fit together
   */
  public static Fp8Scaling ofE4m3Fn(DType scaleType, ScaleMode mode) {
    return new Fp8Scaling(DType.E4M3FN, scaleType, mode, 448f, DEFAULT_AMAX_FLOOR);
  }

  /**
   * Compute the scale of a group.
   *
   * @param amax largest magnitude of the group, at least 0, infinite or NaN
   * @return a positive scale that {@link #scaleType()} represents; for a non-finite {@code amax}
   *     NaN with E8M0 scales and {@code amax} itself with FP32 scales
   */
  public float scaleFor(float amax) {
    float scale = Math.max(amaxFloor, amax) / maxValue;
    if (!Float.isFinite(scale)) {
      return scaleType == DType.E8M0 ? Float.NaN : scale;
    }
    return mode == ScaleMode.UE8M0_CEIL ? E8m0.ceilLog2Scale(scale) : scale;
  }

  /**
   * Quantise one element.
   *
   * @param value the element
   * @param scale what {@link #scaleFor} gave for its group
   * @return its code. With an FP32 scale of NaN every code is NaN; with an infinite one NaN for the
   *     infinities and zero for the rest; with an E8M0 scale of NaN every code is 0, since the
   *     scale carries the NaN
   */
  public byte quantize(float value, float scale) {
    if (scaleType == DType.E8M0 && !Float.isFinite(scale)) {
      return 0;
    }
    float scaled = Math.clamp(value / scale, -maxValue, maxValue);
    return Fp8.encode(scaled, elementType, Saturation.SAT);
  }

  /**
   * Dequantise one element.
   *
   * @param code its code
   * @param scale the scale of its group
   * @return {@code code * scale}, rounded once to FP32; exact for a power of two unless it leaves
   *     FP32's range
   */
  public float dequantize(byte code, float scale) {
    return Fp8.toFloat(code, elementType) * scale;
  }
}

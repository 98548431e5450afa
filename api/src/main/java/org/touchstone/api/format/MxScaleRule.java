package org.touchstone.api.format;

/** How an MX block scale follows from the largest magnitude of its block; see {@link MxScaling}. */
public enum MxScaleRule {
  /**
   * {@code 2^(floor(log2 amax) - emax)} with the element type's {@link FloatFormat#maxExponent()};
   * the largest elements may saturate. OCP "Microscaling Formats (MX)" 1.0 section 6.3,
   * microxcaling, ggml.
   */
  OCP_FLOOR,

  /**
   * {@code 2^ceil(log2(amax / maxFinite))}; nothing saturates, at the cost of up to one bit.
   * DeepSeek, NVIDIA.
   */
  CEIL_NO_SAT
}

package org.touchstone.api.format;

/**
 * What a conversion does with a value whose magnitude rounds above the largest finite value of the
 * target format, and with infinities.
 *
 * <p>NaN stays NaN in both modes. Sources: OCP "8-bit Floating Point Specification (OFP8)",
 * conversion tables; CUDA {@code cvt.satfinite} is {@link #SAT}, the casts of PyTorch and ml_dtypes
 * are {@link #NONSAT}.
 */
public enum Saturation {
  /** Clamp to the largest finite value, infinities included. */
  SAT,

  /** Give infinity where the format has one and NaN where it does not. */
  NONSAT
}

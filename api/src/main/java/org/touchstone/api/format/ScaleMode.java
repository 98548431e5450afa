package org.touchstone.api.format;

/**
 * How an FP8 group scale follows from the largest magnitude of its group; see {@link Fp8Scaling}.
 */
public enum ScaleMode {
  /** {@code amax / maxValue} as it is. */
  FP32,

  /** {@code amax / maxValue} rounded up to a power of two, stored as FP32 or as E8M0. */
  UE8M0_CEIL
}

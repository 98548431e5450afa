package org.touchstone.backends.opencl.driver;

/** What a device can do beyond the floor of OpenCL C 1.2. */
public enum Capability {
  /** Arithmetic on {@code half}. */
  FP16,
  /** Arithmetic on {@code double}. */
  FP64,
  /** Sub-groups. */
  SUB_GROUPS,
  /** The packed dot product of 8-bit integers. */
  INTEGER_DOT,
  /** Memory that the device shares with the host. */
  UNIFIED_MEMORY,
  /** FP32 subnormal numbers keep their value. */
  SUBNORMALS,
  /** With the build option, division and square root are correctly rounded. */
  CORRECT_DIVISION,
  /** The full profile, whose functions err less than those of the embedded one. */
  FULL_PROFILE
}

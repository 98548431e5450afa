package org.touchstone.api.format;

/** How a positive number that is no power of two becomes an {@link DType#E8M0} scale. */
public enum E8m0Rounding {
  /** The next power of two above, so that dividing by the scale never increases a magnitude. */
  UP,

  /**
   * The closer of the two powers of two around the number; {@code 1.5 * 2^k}, which is as far from
   * both, goes to the even code.
   */
  NEAREST
}

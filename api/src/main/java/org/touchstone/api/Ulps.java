package org.touchstone.api;

import java.io.Serializable;

/**
 * Declares the largest error of a kernel's elementary functions, in units of the last place of
 * FP32.
 *
 * @param exp {@code e^x}, {@code tanh} and what is built on them
 * @param rsqrt {@code 1/sqrt(x)}
 * @param div division
 * @param log natural logarithm
 * @param trig sine and cosine
 */
public record Ulps(double exp, double rsqrt, double div, double log, double trig)
    implements Serializable {
  /** Every function is correctly rounded. */
  public static final Ulps CORRECTLY_ROUNDED = new Ulps(0.5, 0.5, 0.5, 0.5, 0.5);

  /** Checks that no error is below half a unit. */
  public Ulps {
    if (!(Math.min(Math.min(Math.min(exp, rsqrt), Math.min(div, log)), trig) >= 0.5)) {
      throw new HalException(
          ErrorCode.INVALID_SPEC,
          "no function is better than half a unit in the last place: exp "
              + exp
              + ", rsqrt "
              + rsqrt
              + ", div "
              + div
              + ", log "
              + log
              + ", trig "
              + trig);
    }
  }
}

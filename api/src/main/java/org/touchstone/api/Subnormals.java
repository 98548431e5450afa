package org.touchstone.api;

import java.io.Serializable;

/**
 * Declares what a kernel does with subnormal numbers.
 *
 * @param inputs subnormal operands
 * @param accumulator subnormal intermediate and final FP32 sums
 */
public record Subnormals(Handling inputs, Handling accumulator) implements Serializable {
  /** What happens to a subnormal number. */
  public enum Handling {
    /** It keeps its value. */
    KEPT,
    /** It may be replaced by zero. */
    FLUSHED
  }

  /** Everything keeps its value. */
  public static final Subnormals KEPT = new Subnormals(Handling.KEPT, Handling.KEPT);
}

package org.touchstone.api;

import java.util.Arrays;

/** Distances between neighbours along each dimension, in elements. Immutable; never negative. */
public final class Strides {
  private final long[] steps;

  private Strides(long[] steps) {
    this.steps = steps;
    for (long step : steps) {
      if (step < 0) {
        throw new HalException(
            ErrorCode.STRIDES,
            "strides " + Arrays.toString(steps) + " hold a negative step; steps are >= 0");
      }
    }
  }

  /** Creates strides. */
  public static Strides of(long... steps) {
    return new Strides(steps.clone());
  }

  /** Returns the strides of a dense row-major tensor. */
  public static Strides contiguous(Shape shape) {
    long[] steps = new long[shape.rank()];
    long step = 1;
    for (int i = steps.length - 1; i >= 0; i--) {
      steps[i] = step;
      step = Math.multiplyExact(step, Math.max(1, shape.elements() == 0 ? 1 : shape.dim(i)));
    }
    return new Strides(steps);
  }

  /** Returns the number of dimensions. */
  public int rank() {
    return steps.length;
  }

  /** Returns one step; negative indices count from the end. */
  public long step(int index) {
    return steps[index < 0 ? steps.length + index : index];
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Strides strides && Arrays.equals(steps, strides.steps);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(steps);
  }

  @Override
  public String toString() {
    return Arrays.toString(steps);
  }
}

package org.touchstone.conformance.judge;

/**
 * Mean signed rounding error of elements whose exact value is known well enough, in units of the
 * last place: truncation has -0.5, rounding to nearest 0. Equal exact values of an output count
 * once: they are rounded alike, so a few that are repeated would lean to one side by chance.
 *
 * @param elements number of elements
 * @param sum sum of their errors, positive away from zero
 */
public record Bias(long elements, double sum) {
  /** No elements. */
  public static final Bias NONE = new Bias(0, 0);

  /** The fewest elements that are judged. */
  public static final long FEWEST = 512;

  /** The largest mean of a kernel that rounds to nearest. */
  public static final double LIMIT = 0.2;

  /** Returns the sum of two samples. */
  public Bias plus(Bias other) {
    return new Bias(elements + other.elements, sum + other.sum);
  }

  /** Returns the mean error; 0 without elements. */
  public double mean() {
    return elements == 0 ? 0 : sum / elements;
  }

  /** Returns whether there are enough elements to judge. */
  public boolean judged() {
    return elements >= FEWEST;
  }

  /** Returns whether the errors lean to one side. */
  public boolean fails() {
    return judged() && Math.abs(mean()) > LIMIT;
  }
}

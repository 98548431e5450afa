package org.touchstone.conformance.judge;

/**
 * How close the judged elements of an output are. Reported, never judged.
 *
 * @param errorOverBound the largest part of its bound that an element needs: the smallest error
 *     before the output rounding that explains it, over the bound. 0 when every element is the
 *     rounded exact value, at most 1 when all elements are right, infinite for an error where the
 *     bound is 0
 * @param nmse {@code sum (x - r)^2 / sum r^2}; 0 for discrete outputs
 * @param cosine {@code sum x r / sqrt(sum x^2 sum r^2)}; 1 for discrete outputs
 * @param ulp the largest distance from the rounded exact value in units of the last place
 */
public record Metrics(double errorOverBound, double nmse, double cosine, double ulp) {
  /** Metrics of a discrete output without a mistake. */
  public static final Metrics PERFECT = new Metrics(0, 0, 1, 0);

  /** Returns the worse of two outputs in every metric. */
  public Metrics worst(Metrics other) {
    return new Metrics(
        Math.max(errorOverBound, other.errorOverBound),
        Math.max(nmse, other.nmse),
        Math.min(cosine, other.cosine),
        Math.max(ulp, other.ulp));
  }
}

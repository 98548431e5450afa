package org.touchstone.backends.cpu.reference;

import org.touchstone.api.Accumulator;
import org.touchstone.api.format.DType;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/**
 * Bounds what a reduced accumulator cuts off one dot product, from the terms themselves. Confined
 * to a thread.
 *
 * <p>An instruction aligns its products and the incoming sum to the largest exponent among them and
 * cuts each off, towards zero, 13 bits below it; what they add up to keeps 14 bits (DeepSeek-V3
 * Technical Report, arXiv 2412.19437, section 3.5.2). So a product loses nothing if it is a
 * multiple of the unit 2^-13 of that exponent, itself if it is less than the unit, and less than
 * the unit otherwise. The incoming sum loses less than the unit, and only where a product is
 * larger; the result loses less than 2^-13 of itself, and only where it is larger than all of them.
 * Instructions take consecutive terms, so their incoming sums are known to first order.
 *
 * <p>Losses have the sign of what they are cut off. Where that may be the same for all, they add
 * up. Where terms are independent, those of n products grow as √n; those of the sums of one
 * promoted block are counted as one, because these have one sign.
 */
final class ReducedSum {
  /** The unit below the largest exponent. */
  private static final double CUT = 0x1p-13;

  /** The factor of the square-root law, as for sums in FP32. */
  private static final double DEVIATIONS = 4;

  /** Covers what earlier losses of a block do to the size of its sum. */
  private static final double UNSURE = 1 + 0x1p-6;

  /** The exponent of a subnormal operand may be taken for that of the smallest normal one. */
  static final double LEAST = DType.E4M3FN.format().minNormal();

  /** What the terms are. */
  enum Terms {
    /** Products of codes: whether one is a multiple of a power of two is seen. */
    CODES,
    /** Products that scales are multiplied into. */
    SCALED
  }

  private final int promotedEvery;
  private final int termsPerStep;
  private final Regime regime;
  private double sum;
  private double squares;

  ReducedSum(Accumulator accumulator, Regime regime) {
    promotedEvery = accumulator.promotedEvery();
    termsPerStep = Math.ceilDiv(promotedEvery, accumulator.stepsPerPromotion());
    this.regime = regime;
  }

  /**
   * Adds terms from one promotion on.
   *
   * @param leastA the smallest normal operand of a, scaled as a is
   * @param leastB the same of b
   * @param scale what the block's sum is multiplied with
   */
  void add(
      double[] a,
      double[] b,
      int from,
      int to,
      double leastA,
      double leastB,
      double scale,
      Terms terms) {
    for (int start = from; start < to; start += promotedEvery) {
      int end = Math.min(to, start + promotedEvery);
      double partial = 0;
      double ofSums = 0;
      for (int first = start; first < end; first += termsPerStep) {
        int last = Math.min(end, first + termsPerStep);
        double largest = 0;
        for (int k = first; k < last; k++) {
          if (a[k] != 0 && b[k] != 0) {
            double product = Math.max(Math.abs(a[k]), leastA) * Math.max(Math.abs(b[k]), leastB);
            largest = Math.max(largest, product);
          }
        }
        double incoming = Math.abs(partial) * UNSURE;
        double most = Math.max(largest, incoming);
        double unit = CUT * size(most, terms);
        for (int k = first; k < last; k++) {
          double product = a[k] * b[k];
          partial += product;
          lose(scale * lost(Math.abs(product), unit, terms));
        }
        ofSums += largest > incoming ? Math.min(unit, incoming) : 0;
        double result = Math.abs(partial) * UNSURE;
        ofSums += result > most ? CUT * size(result, terms) : 0;
      }
      lose(scale * ofSums);
    }
  }

  private static double size(double x, Terms terms) {
    return terms == Terms.SCALED || x == 0 ? x : Math.scalb(1.0, Math.getExponent(x));
  }

  private static double lost(double magnitude, double unit, Terms terms) {
    if (magnitude < unit || terms == Terms.SCALED) {
      return Math.min(magnitude, unit);
    }
    double units = magnitude / unit;
    return units == Math.rint(units) ? 0 : unit;
  }

  private void lose(double most) {
    sum += most;
    squares += most * most;
  }

  /** Returns the bound. */
  double error() {
    return regime == Regime.STRUCTURED ? sum : Math.min(sum, DEVIATIONS * Math.sqrt(squares));
  }
}

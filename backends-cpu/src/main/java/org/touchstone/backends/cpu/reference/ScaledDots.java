package org.touchstone.backends.cpu.reference;

import org.touchstone.backends.cpu.reference.ReducedSum.Terms;

/**
 * Dot products of quantised or plain rows with their bounds: {@code sum_kb sa[kb] sb[kb] sum_{k in
 * kb} a[k] b[k]}, one block per pair of scales. Rows without scales have empty scale arrays.
 *
 * <p>To first order the sum costs {@code c} times the sum of the terms' magnitudes, the product of
 * the scales one rounding and its application another.
 */
final class ScaledDots {
  private static final double FP32_MAX = Float.MAX_VALUE;
  private static final double FP32_MIN_NORMAL = Float.MIN_NORMAL;

  private final ErrorModel model;
  private final int block;
  private final double c;

  /** Prepares dot products of {@code k} terms whose scales change every {@code block} terms. */
  ScaledDots(ErrorModel model, int k, int block) {
    this.model = model;
    this.block = Math.max(1, block);
    this.c = model.sum(k);
  }

  /** A value with its bound, before {@link ErrorModel#MARGIN}. */
  record Dot(double value, double error) {
    /**
     * Adds a term in FP32, in whatever order the terms of a sum are added.
     *
     * @param others sum of the magnitudes of what was added before
     */
    Dot plus(double term, double others, ErrorModel model) {
      double rounding = model.op() * (Math.abs(value) + Math.abs(term) + others);
      return new Dot(value + term, error + rounding);
    }

    /** Returns the bound; infinite and NaN values are exact. */
    double bound() {
      return Double.isFinite(value) ? ErrorModel.MARGIN * error : 0;
    }
  }

  /** Multiplies two rows. */
  Dot dot(double[] a, double[] scalesA, double[] b, double[] scalesB) {
    double value = 0;
    double magnitude = 0;
    double absolute = 0;
    boolean scaled = scalesA.length > 0;
    ReducedSum reduced = model.reduces() ? model.reducedSum() : null;
    for (int from = 0, kb = 0; from < a.length; from += block, kb++) {
      int to = Math.min(a.length, from + block);
      double sum = 0;
      double terms = 0;
      double flushed = 0;
      for (int k = from; k < to; k++) {
        double term = a[k] * b[k];
        sum += term;
        terms += Math.abs(term);
        if (model.flushesInputs() && (subnormal(a[k]) || subnormal(b[k]))) {
          flushed += Math.abs(term);
        }
      }
      double sa = scaled ? scalesA[kb] : 1;
      double sb = scaled ? scalesB[kb] : 1;
      double scale = Math.abs(sa * sb);
      value += sum * (sa * sb);
      magnitude += terms * scale;
      absolute += flushed * scale;
      if (reduced != null) {
        reduced.add(a, b, from, to, ReducedSum.LEAST, ReducedSum.LEAST, scale, Terms.CODES);
      }
      // The products of two scales, of a sum and a scale, and of two operands may underflow.
      absolute +=
          model.underflow()
              * (scaled ? 1 + terms + Math.abs(sa) + Math.abs(sb) : (double) to - from);
    }
    absolute += reduced == null ? 0 : reduced.error();
    if (magnitude > FP32_MAX && Math.abs(value) < magnitude * (1 - c)) {
      // Terms of both signs beyond the range: whether they meet infinity depends on their order.
      return new Dot(value, Double.POSITIVE_INFINITY);
    }
    double scaling = scaled ? 2 * model.op() : 0;
    return new Dot(value, (c + scaling) * magnitude + absolute);
  }

  private static boolean subnormal(double x) {
    return Math.abs(x) < FP32_MIN_NORMAL;
  }
}

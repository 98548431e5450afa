package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import org.touchstone.api.op.SampleSpec;

/** One row of logits, in exact arithmetic. */
final class SampleRow {
  final SampleSpec spec;

  /** Logits; NaN has become -Inf. */
  final double[] logits;

  /** The largest logit. */
  final double max;

  SampleRow(SampleSpec spec, double[] logits) {
    this.spec = spec;
    this.logits = logits;
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.length; i++) {
      if (Double.isNaN(logits[i])) {
        logits[i] = Double.NEGATIVE_INFINITY;
      }
      largest = Math.max(largest, logits[i]);
    }
    max = largest;
  }

  /** Returns whether there is nothing to choose from. */
  boolean isEmpty() {
    return max == Double.NEGATIVE_INFINITY;
  }

  /** Returns the first index of the largest logit, -1 in an empty row. */
  int largest() {
    if (isEmpty()) {
      return -1;
    }
    int i = 0;
    while (logits[i] != max) {
      i++;
    }
    return i;
  }

  /** Returns {@code (logit - max) / temperature}; infinities are apart from all other numbers. */
  double exponent(int i) {
    return logits[i] == max ? 0 : (logits[i] - max) / spec.temperature();
  }

  /** Returns indices by descending logit, ties by ascending index. */
  int[] order() {
    long[] keys = new long[logits.length];
    for (int i = 0; i < keys.length; i++) {
      // Integers in the order of the floats; adding 0 makes the two zeros equal.
      int bits = Float.floatToRawIntBits((float) logits[i] + 0f);
      int ascending = bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
      keys[i] = (long) ~ascending << Integer.SIZE | i;
    }
    Arrays.sort(keys);
    int[] order = new int[keys.length];
    for (int i = 0; i < keys.length; i++) {
      order[i] = (int) keys[i];
    }
    return order;
  }

  /** Returns the smallest logit that the top-k filter keeps. */
  double kthLargest() {
    if (spec.topK() == 0 || spec.topK() >= logits.length) {
      return Double.NEGATIVE_INFINITY;
    }
    double[] sorted = logits.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length - (int) spec.topK()];
  }

  /** Draws the token of a variate, -1 in an empty row. */
  int draw(double uniform) {
    if (isEmpty()) {
      return -1;
    }
    double[] kept = kept();
    double total = 0;
    for (double p : kept) {
      total += p;
    }
    double cumulative = 0;
    int last = -1;
    for (int i = 0; i < kept.length; i++) {
      cumulative += kept[i];
      last = kept[i] > 0 ? i : last;
      if (cumulative > uniform * total) {
        return i;
      }
    }
    return last;
  }

  /** Returns the weights that remain after the filters, 0 for dropped tokens. */
  private double[] kept() {
    double kth = kthLargest();
    double[] p = new double[logits.length];
    double total = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = logits[i] >= kth ? Math.exp(exponent(i)) : 0;
      total += p[i];
    }
    if (spec.topP() < 1) {
      dropTail(p, total);
    }
    for (int i = 0; i < p.length; i++) {
      p[i] = p[i] >= spec.minP() ? p[i] : 0;
    }
    return p;
  }

  private void dropTail(double[] p, double total) {
    double before = 0;
    for (int i : order()) {
      double weight = p[i];
      p[i] = before < spec.topP() * total ? weight : 0;
      before += weight;
    }
  }
}

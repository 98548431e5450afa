package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.SampleSpec;

/**
 * Zeroes the weights of tokens that top-k, top-p and min-p drop.
 *
 * <p>Both prefixes of the descending order end at a logit that a radix select finds in three passes
 * over 11, 11 and 10 bits of keys that sort like the logits: by counting for top-k, by adding up
 * weights for top-p.
 */
final class SampleFilter {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int[] SHIFTS = {21, 10, 0};
  private static final int[] BITS = {11, 11, 10};
  private static final ThreadLocal<double[]> BINS = ThreadLocal.withInitial(() -> new double[2048]);

  private final SampleSpec spec;
  private final TensorRows logits;
  private final long row;
  private final MemorySegment weights;
  private final long vocabulary;

  /** Tokens with smaller keys are dropped. */
  private int threshold = Integer.MIN_VALUE;

  /** How many tokens with the threshold as key are kept, in index order. */
  private long ties = Long.MAX_VALUE;

  SampleFilter(SampleSpec spec, TensorRows logits, long row, MemorySegment weights) {
    this.spec = spec;
    this.logits = logits;
    this.row = row;
    this.weights = weights;
    this.vocabulary = spec.vocabulary();
  }

  /** Applies the filters and returns the sum of the weights that remain, added in index order. */
  double apply() {
    if (spec.topK() > 0 && spec.topK() < vocabulary) {
      select(Measure.COUNT, (double) spec.topK());
      ties = Long.MAX_VALUE;
    }
    if (spec.topP() < 1) {
      select(Measure.WEIGHT, spec.topP() * total());
    }
    return drop();
  }

  /** What a prefix of the descending order is measured in. */
  private enum Measure {
    COUNT,
    WEIGHT
  }

  /** Ends the prefix at the first token with which it measures at least {@code wanted}. */
  private void select(Measure measure, double wanted) {
    int lowest = threshold;
    double before = 0;
    int prefix = 0;
    for (int pass = 0; pass < SHIFTS.length; pass++) {
      double[] bins = histogram(measure, lowest, pass, prefix);
      int bin = (1 << BITS[pass]) - 1;
      while (bin > 0 && before + bins[bin] < wanted) {
        before += bins[bin--];
      }
      prefix |= bin << SHIFTS[pass];
    }
    int key = prefix ^ Integer.MIN_VALUE;
    if (key < lowest) {
      // Rounding: the weights add up to less than a fraction of their sum just below 1.
      return;
    }
    threshold = key;
    ties = measure == Measure.COUNT ? Long.MAX_VALUE : tiesWithin(before, wanted);
  }

  /**
   * Measures the tokens of at least a key whose higher bits agree with a prefix, by their next
   * bits.
   */
  private double[] histogram(Measure measure, int lowest, int pass, int prefix) {
    double[] bins = BINS.get();
    Arrays.fill(bins, 0);
    int shift = SHIFTS[pass];
    int mask = (1 << BITS[pass]) - 1;
    int above = pass == 0 ? 0 : -1 << SHIFTS[pass - 1];
    float[] x = Strip.mine().a;
    for (long from = 0; from < vocabulary; from += Strip.LENGTH) {
      int count = Strip.count(vocabulary, from);
      logits.load(row, from, x, 0, count);
      for (int i = 0; i < count; i++) {
        int key = key(x[i]);
        int unsigned = key ^ Integer.MIN_VALUE;
        if (key >= lowest && (unsigned & above) == prefix) {
          bins[unsigned >>> shift & mask] +=
              measure == Measure.COUNT ? 1 : weights.getAtIndex(FLOAT, from + i);
        }
      }
    }
    return bins;
  }

  /** Returns how many tokens at the threshold a top-p prefix needs, at least one. */
  private long tiesWithin(double before, double wanted) {
    float[] x = Strip.mine().a;
    double sum = before;
    long needed = 0;
    for (long from = 0; from < vocabulary; from += Strip.LENGTH) {
      int count = Strip.count(vocabulary, from);
      logits.load(row, from, x, 0, count);
      for (int i = 0; i < count; i++) {
        if (key(x[i]) == threshold) {
          sum += weights.getAtIndex(FLOAT, from + i);
          needed++;
          if (sum >= wanted) {
            return needed;
          }
        }
      }
    }
    return needed;
  }

  /** Returns the sum of the weights of the tokens of at least the threshold. */
  private double total() {
    float[] x = Strip.mine().a;
    double total = 0;
    for (long from = 0; from < vocabulary; from += Strip.LENGTH) {
      int count = Strip.count(vocabulary, from);
      logits.load(row, from, x, 0, count);
      for (int i = 0; i < count; i++) {
        total += key(x[i]) >= threshold ? weights.getAtIndex(FLOAT, from + i) : 0;
      }
    }
    return total;
  }

  private double drop() {
    Strip strip = Strip.mine();
    double total = 0;
    long left = ties;
    for (long from = 0; from < vocabulary; from += Strip.LENGTH) {
      int count = Strip.count(vocabulary, from);
      logits.load(row, from, strip.a, 0, count);
      FloatRows.load(weights, from * Float.BYTES, DType.F32, strip.b, 0, count);
      for (int i = 0; i < count; i++) {
        int key = key(strip.a[i]);
        boolean kept = key > threshold || (key == threshold && left-- > 0);
        // The largest weight is 1.
        strip.b[i] = kept && strip.b[i] >= spec.minP() ? strip.b[i] : 0;
        total += strip.b[i];
      }
      FloatRows.store(strip.b, 0, weights, from * Float.BYTES, DType.F32, count);
    }
    return total;
  }

  /** Maps a logit to an integer that sorts alike; both zeros are equal and NaN counts as -Inf. */
  private static int key(float logit) {
    int bits = Float.floatToRawIntBits(Float.isNaN(logit) ? Float.NEGATIVE_INFINITY : logit + 0f);
    return bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
  }
}

package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.touchstone.api.op.SampleSpec;

/**
 * Keeps the candidates of one row and draws one of them.
 *
 * <p>Top-k and top-p end a prefix of the descending order at a logit that a radix select finds over
 * 11, 11 and 10 bits of keys that sort like the logits: by counting for top-k, by adding up weights
 * for top-p. Only the first 11 bits look at the whole row; what they let through, usually a few
 * hundred tokens, becomes a list of candidates in index order.
 */
final class SampleFilter {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int[] SHIFTS = {21, 10, 0};
  private static final int[] BITS = {11, 11, 10};
  private static final ThreadLocal<Bins> BINS = ThreadLocal.withInitial(Bins::new);

  /** What the tokens of a bin count and weigh together. */
  private static final class Bins {
    final double[] counts = new double[1 << BITS[0]];
    final double[] weights = new double[1 << BITS[0]];

    void clear() {
      Arrays.fill(counts, 0);
      Arrays.fill(weights, 0);
    }

    void add(int bin, float weight) {
      counts[bin]++;
      weights[bin] += weight;
    }
  }

  /** What a prefix of the descending order is measured in. */
  private enum Measure {
    COUNT,
    WEIGHT;

    double[] of(Bins bins) {
      return this == COUNT ? bins.counts : bins.weights;
    }
  }

  private final SampleSpec spec;
  private final TensorRows logits;
  private final long row;
  private final MemorySegment weights;
  private final MemorySegment candidates;
  private final int vocabulary;

  /** Number of candidates; -1 when every token is one and there is no list. */
  private int count = -1;

  SampleFilter(SampleSpec spec, TensorRows logits, long row, SampleKernel.Workspace workspace) {
    this.spec = spec;
    this.logits = logits;
    this.row = row;
    this.weights = workspace.weights();
    this.candidates = workspace.candidates();
    this.vocabulary = Math.toIntExact(spec.vocabulary());
  }

  /** Applies the filters and draws the token of a variate. */
  int draw(float uniform) {
    double topK = (double) spec.topK();
    if (topK > 0 && topK < vocabulary) {
      preselect(Measure.COUNT, topK);
      select(Measure.COUNT, topK);
    }
    if (spec.topP() < 1) {
      double wanted = spec.topP() * total(0f);
      if (count < 0) {
        preselect(Measure.WEIGHT, wanted);
      }
      select(Measure.WEIGHT, wanted);
    }
    return pick(uniform, total(spec.minP()));
  }

  private int size() {
    return count < 0 ? vocabulary : count;
  }

  private int token(int candidate) {
    return count < 0 ? candidate : candidates.getAtIndex(INT, candidate);
  }

  private float weight(int token) {
    return weights.getAtIndex(FLOAT, token);
  }

  private int key(int token) {
    return key(logits.memory.get(FLOAT, logits.offset(row, token)));
  }

  /** Maps a logit to bits that sort alike, unsigned; zeros are equal and NaN counts as -Inf. */
  private static int key(float logit) {
    int bits = Float.floatToRawIntBits(Float.isNaN(logit) ? Float.NEGATIVE_INFINITY : logit + 0f);
    return bits < 0 ? ~bits : bits | Integer.MIN_VALUE;
  }

  /** Lists the tokens whose first bits put them into the wanted prefix, or into its last bin. */
  private void preselect(Measure measure, double wanted) {
    Bins bins = BINS.get();
    bins.clear();
    float[] x = Strip.mine().a;
    for (int from = 0; from < vocabulary; from += Strip.LENGTH) {
      int n = Strip.count(vocabulary, from);
      logits.load(row, from, x, 0, n);
      for (int i = 0; i < n; i++) {
        bins.add(key(x[i]) >>> SHIFTS[0], weight(from + i));
      }
    }
    int bin = (1 << BITS[0]) - 1;
    double before = 0;
    while (bin > 0 && before + measure.of(bins)[bin] < wanted) {
      before += measure.of(bins)[bin--];
    }
    int listed = 0;
    for (int from = 0; from < vocabulary; from += Strip.LENGTH) {
      int n = Strip.count(vocabulary, from);
      logits.load(row, from, x, 0, n);
      for (int i = 0; i < n; i++) {
        if (key(x[i]) >>> SHIFTS[0] >= bin) {
          candidates.setAtIndex(INT, listed++, from + i);
        }
      }
    }
    count = listed;
  }

  /** Ends the candidates' prefix with the first token with which it measures enough. */
  private void select(Measure measure, double wanted) {
    double before = 0;
    int prefix = 0;
    for (int pass = 0; pass < SHIFTS.length; pass++) {
      double[] bins = histogram(measure, pass, prefix);
      int bin = (1 << BITS[pass]) - 1;
      while (bin > 0 && before + bins[bin] < wanted) {
        before += bins[bin--];
      }
      prefix |= bin << SHIFTS[pass];
    }
    // Top-k keeps all ties with its last token, top-p those that it needs, in index order.
    double reached = before;
    int kept = 0;
    for (int c = 0; c < count; c++) {
      int token = token(c);
      int order = Integer.compareUnsigned(key(token), prefix);
      boolean tie = order == 0 && (measure == Measure.COUNT || reached < wanted);
      if (order > 0 || tie) {
        reached += tie ? weight(token) : 0;
        candidates.setAtIndex(INT, kept++, token);
      }
    }
    count = kept;
  }

  /** Measures the candidates whose higher bits agree with a prefix, by their next bits. */
  private double[] histogram(Measure measure, int pass, int prefix) {
    Bins bins = BINS.get();
    bins.clear();
    int mask = (1 << BITS[pass]) - 1;
    int above = pass == 0 ? 0 : -1 << SHIFTS[pass - 1];
    for (int c = 0; c < count; c++) {
      int token = token(c);
      int key = key(token);
      if ((key & above) == prefix) {
        bins.add(key >>> SHIFTS[pass] & mask, weight(token));
      }
    }
    return measure.of(bins);
  }

  /** Returns the sum of the candidates' weights of at least a smallest one, in index order. */
  private double total(float smallest) {
    double sum = 0;
    for (int c = 0; c < size(); c++) {
      float weight = weight(token(c));
      sum += weight >= smallest ? weight : 0;
    }
    return sum;
  }

  private int pick(float uniform, double all) {
    double cumulative = 0;
    int last = -1;
    for (int c = 0; c < size(); c++) {
      int token = token(c);
      float weight = weight(token);
      // The largest weight is 1, so min-p compares with the weight itself.
      if (weight > 0 && weight >= spec.minP()) {
        cumulative += weight;
        last = token;
        if (cumulative > uniform * all) {
          return token;
        }
      }
    }
    return last;
  }
}

package org.touchstone.tools.model.text;

/**
 * How far a model's predictions are from expected ones, position by position.
 *
 * @param positions compared rows
 * @param meanKl mean Kullback-Leibler divergence from the expected to the computed distribution,
 *     nats
 * @param maxKl the largest one
 * @param topAgreement share of positions at which both prefer the same token
 */
public record LogitsComparison(int positions, double meanKl, double maxKl, double topAgreement) {
  /**
   * Compares.
   *
   * @param expected logits, row-major [positions, vocabulary]
   * @param actual logits of the same shape
   */
  public static LogitsComparison of(float[] expected, float[] actual, int vocabulary) {
    if (expected.length != actual.length
        || expected.length == 0
        || expected.length % vocabulary != 0) {
      throw new IllegalArgumentException(
          "cannot compare "
              + expected.length
              + " with "
              + actual.length
              + " logits over a vocabulary of "
              + vocabulary);
    }
    int positions = expected.length / vocabulary;
    double sum = 0;
    double max = 0;
    int agreements = 0;
    for (int row = 0; row < positions; row++) {
      double[] p = LogProbabilities.of(expected, row, vocabulary);
      double[] q = LogProbabilities.of(actual, row, vocabulary);
      double kl = 0;
      for (int i = 0; i < vocabulary; i++) {
        kl += Math.exp(p[i]) * (p[i] - q[i]);
      }
      sum += kl;
      max = Math.max(max, kl);
      agreements += best(p) == best(q) ? 1 : 0;
    }
    return new LogitsComparison(positions, sum / positions, max, (double) agreements / positions);
  }

  private static int best(double[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }
}

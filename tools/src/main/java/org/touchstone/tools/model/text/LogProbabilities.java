package org.touchstone.tools.model.text;

/** Natural logarithms of a softmax, in FP64. */
final class LogProbabilities {
  private LogProbabilities() {}

  static double[] of(float[] logits, int row, int vocabulary) {
    int from = row * vocabulary;
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < vocabulary; i++) {
      largest = Math.max(largest, logits[from + i]);
    }
    double sum = 0;
    for (int i = 0; i < vocabulary; i++) {
      sum += Math.exp(logits[from + i] - largest);
    }
    double[] result = new double[vocabulary];
    double shift = largest + Math.log(sum);
    for (int i = 0; i < vocabulary; i++) {
      result[i] = logits[from + i] - shift;
    }
    return result;
  }
}

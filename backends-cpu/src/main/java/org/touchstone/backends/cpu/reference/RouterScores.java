package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.MoeRouteSpec;

/**
 * Scores of one token's experts with error bounds: {@code s = score(l)}, {@code sb = s + bias}; a
 * NaN takes part in the choice as -Inf.
 *
 * <p>Equal logits with equal biases have equal scores on every correct device, as have scores
 * without error that are equal; among them only the lower index is right. Other experts are
 * interchangeable when their intervals meet.
 */
final class RouterScores {
  /** Below, {@code e^-l} may leave the range of FP32 and the sigmoid may count as zero. */
  private static final double SIGMOID_VANISHES = -88;

  final double[] logits;
  final double[] bias;
  final double[] score;
  final double[] scoreError;
  final double[] biased;
  final double[] biasedError;

  RouterScores(MoeRouteSpec spec, double[] logits, double[] bias, ErrorModel model) {
    int experts = logits.length;
    this.logits = logits;
    this.bias = bias;
    score = new double[experts];
    scoreError = new double[experts];
    biased = new double[experts];
    biasedError = new double[experts];
    switch (spec.score()) {
      case SOFTMAX -> softmax(model);
      case SIGMOID -> {
        for (int e = 0; e < experts; e++) {
          score[e] = 1 / (1 + Math.exp(-logits[e]));
          scoreError[e] =
              score[e] * ((1 - score[e]) * model.exp() + model.op() + model.div())
                  + model.underflow();
          if (logits[e] < SIGMOID_VANISHES) {
            scoreError[e] = Math.max(scoreError[e], score[e]);
          }
        }
      }
      case SQRT_SOFTPLUS -> {
        for (int e = 0; e < experts; e++) {
          double softplus = logits[e] > 20 ? logits[e] : Math.log1p(Math.exp(logits[e]));
          score[e] = Math.sqrt(softplus);
          // the switch at 20 drops e^-20, far below the rounding of the result
          scoreError[e] =
              score[e] * (0.5 * (model.exp() + model.log() + 2 * model.op()) + 2 * model.op())
                  + Math.sqrt(model.underflow());
        }
      }
      case IDENTITY -> System.arraycopy(logits, 0, score, 0, experts);
    }
    for (int e = 0; e < experts; e++) {
      double sum = score[e] + bias[e];
      biased[e] = Double.isNaN(sum) ? Double.NEGATIVE_INFINITY : sum;
      double rounding = bias[e] == 0 ? 0 : model.op() * Math.abs(sum);
      biasedError[e] =
          Double.isInfinite(biased[e]) ? 0 : ErrorModel.MARGIN * (scoreError[e] + rounding);
    }
  }

  private void softmax(ErrorModel model) {
    double max = Double.NEGATIVE_INFINITY;
    for (double l : logits) {
      max = Math.max(max, l);
    }
    if (max == Double.NEGATIVE_INFINITY) {
      return;
    }
    double sum = 0;
    double sumError = 0;
    for (int e = 0; e < logits.length; e++) {
      score[e] = Math.exp(logits[e] - max);
      sum += score[e];
      sumError += score[e] * shiftError(e, max, model);
    }
    double relativeSum = sumError / sum + model.exp() + model.sum(logits.length);
    for (int e = 0; e < logits.length; e++) {
      score[e] /= sum;
      scoreError[e] =
          score[e]
                  * (shiftError(e, max, model)
                      + model.exp()
                      + relativeSum
                      + model.div()
                      + model.op())
              + (1 + model.traits().ulps().exp()) * model.underflow();
    }
  }

  /** Returns the error of {@code l - max}, which the exponential turns into a relative one. */
  private double shiftError(int expert, double max, ErrorModel model) {
    double shift = logits[expert] - max;
    return Double.isInfinite(shift) ? 0 : model.op() * Math.abs(shift);
  }

  /** Returns whether expert a beats expert b on every correct device. */
  boolean surelyBefore(int a, int b) {
    boolean exact = biased[a] == biased[b] && biasedError[a] == 0 && biasedError[b] == 0;
    if (exact || (logits[a] == logits[b] && bias[a] == bias[b])) {
      return a < b;
    }
    return biased[a] - biasedError[a] > biased[b] + biasedError[b];
  }
}

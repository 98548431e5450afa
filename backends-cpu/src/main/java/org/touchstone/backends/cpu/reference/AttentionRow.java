package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.format.DType;

/**
 * Softmax attention of one query over its visible keys, with a bound for every result. Add the keys
 * one after the other, then finish. For one thread.
 *
 * <p>With the weight {@code w_j = e^(s_j - m)} off by the factor {@code e^d_j}, the output {@code o
 * = sum w_j v_j / sum w_j} moves by {@code sum p_j (v_j - o) (e^d_j - 1) / sum p_j e^d_j}, in first
 * order {@code sum p_j (v_j - o) d_j}: an error that all weights share cancels. Logits of 1e4 need
 * the former: there d_j is no longer small. A sink is a key with the value 0. The recurrence and
 * its masks follow FlashAttention-2 (arXiv 2307.08691), sinks openai/gpt-oss.
 */
final class AttentionRow {
  /** Magnitude below which an FP32 or BF16 number is subnormal. */
  private static final double SMALLEST_NORMAL = 0x1p-126;

  private final ErrorModel model;
  private final double scale;
  private final double softcap;
  private final boolean flushes;
  private final double[] score;
  private final double[] delta;
  private final int[] valueAt;
  private final double[] output;
  private final double[] outputError;
  private int keys;
  private double logSumExp;
  private double logSumExpError;

  private double dot;
  private double magnitude;
  private double inherited;
  private int terms;

  /**
   * Creates a row.
   *
   * @param scale multiplier of the dot products
   * @param softcap c of {@code c tanh(s / c)}; 0 for none
   * @param capacity the largest number of visible keys
   * @param valueDim elements of a value
   */
  AttentionRow(ErrorModel model, double scale, double softcap, int capacity, int valueDim) {
    this.model = model;
    this.scale = scale;
    this.softcap = softcap;
    flushes = model.flushesInputs();
    score = new double[capacity];
    delta = new double[capacity];
    valueAt = new int[capacity];
    output = new double[valueDim];
    outputError = new double[valueDim];
  }

  /** Adds {@code count} exact products to the current key's dot product. */
  void products(double[] q, int qAt, double[] k, int kAt, int count) {
    for (int d = 0; d < count; d++) {
      product(q[qAt + d], k[kAt + d]);
    }
    terms += count;
  }

  /** Adds {@code count} products of operands that carry bounds of their own; null for exact. */
  void products(
      double[] q,
      double @Nullable [] qError,
      int qAt,
      double[] k,
      double @Nullable [] kError,
      int kAt,
      int count) {
    products(q, qAt, k, kAt, count);
    for (int d = 0; d < count; d++) {
      if (qError != null) {
        inherited += qError[qAt + d] * Math.abs(k[kAt + d]);
      }
      if (kError != null) {
        inherited += kError[kAt + d] * Math.abs(q[qAt + d]);
      }
    }
  }

  private void product(double a, double b) {
    double product = a * b;
    dot += product;
    magnitude += Math.abs(product);
    if (flushes && (Math.abs(a) < SMALLEST_NORMAL || Math.abs(b) < SMALLEST_NORMAL)) {
      inherited += Math.abs(product);
    }
  }

  /**
   * Ends the current key.
   *
   * @param valueOffset where its value starts in the array of values
   */
  void key(int valueOffset) {
    double raw = scale * dot;
    double error =
        Math.abs(scale)
                * (model.sum(terms) * magnitude + inherited + (terms + 1) * model.underflow())
            + model.op() * Math.abs(raw);
    if (softcap == 0) {
      score[keys] = raw;
      delta[keys] = error;
    } else {
      double tanh = Math.tanh(raw / softcap);
      double slope = 1 - tanh * tanh;
      double capped = softcap * tanh;
      score[keys] = capped;
      delta[keys] =
          slope * (error + model.div() * Math.abs(raw))
              + (model.exp() + model.op()) * Math.abs(capped);
    }
    valueAt[keys++] = valueOffset;
    dot = 0;
    magnitude = 0;
    inherited = 0;
    terms = 0;
  }

  /**
   * Computes the outputs.
   *
   * @param values the array that {@link #key} refers to
   * @param errors its bounds; null for exact values
   * @param sink the sink's logit; -Inf for none
   */
  void finish(double[] values, double @Nullable [] errors, double sink) {
    Arrays.fill(output, 0);
    Arrays.fill(outputError, 0);
    double largest = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < keys; j++) {
      largest = Math.max(largest, score[j]);
    }
    if (largest == Double.NEGATIVE_INFINITY) {
      logSumExp = Double.NEGATIVE_INFINITY;
      logSumExpError = 0;
      return;
    }
    double[] weight = new double[keys];
    logSumExp(weight, largest);
    double reference = Math.max(largest, sink);
    double sinkWeight = sink == Double.NEGATIVE_INFINITY ? 0 : Math.exp(sink - reference);
    double sum = sinkWeight;
    for (int j = 0; j < keys; j++) {
      weight[j] = Math.exp(score[j] - reference);
      sum += weight[j];
    }
    double kept = sinkWeight / sum;
    for (int j = 0; j < keys; j++) {
      weight[j] /= sum;
      accumulate(weight[j], values, valueAt[j]);
      if (weight[j] > 0) {
        kept += weight[j] * Math.exp(-delta[j]);
      }
    }
    for (int j = 0; j < keys; j++) {
      if (weight[j] > 0) {
        bound(weight[j], off(j, reference) / kept, values, errors, valueAt[j]);
      }
    }
    double sinkShare = sinkWeight / sum;
    double sinkOff = sinkShare == 0 ? 0 : argument(sink - reference);
    for (int d = 0; d < output.length; d++) {
      double error = outputError[d] + sinkShare * sinkOff * Math.abs(output[d]);
      outputError[d] = settle(output[d], ErrorModel.MARGIN * error);
    }
  }

  private void logSumExp(double[] weight, double largest) {
    double sum = 0;
    for (int j = 0; j < keys; j++) {
      weight[j] = Math.exp(score[j] - largest);
      sum += weight[j];
    }
    double log = Math.log(sum);
    logSumExp = largest + log;
    double error =
        model.sum(keys) * (1 + Math.abs(logSumExp))
            + model.log() * Math.max(1, Math.abs(log))
            + keys * model.underflow();
    for (int j = 0; j < keys; j++) {
      if (weight[j] > 0) {
        error += weight[j] / sum * off(j, largest);
      }
    }
    logSumExpError = settle(logSumExp, ErrorModel.MARGIN * error);
  }

  /** Returns how far the weight of a key may be off, relative: the exponential of large errors. */
  private double off(int j, double reference) {
    return Math.expm1(delta[j] + argument(score[j] - reference));
  }

  /** Returns the error of an exponential and of the subtraction that makes its argument. */
  private double argument(double difference) {
    return model.exp() + model.op() * Math.abs(difference);
  }

  private void accumulate(double share, double[] values, int at) {
    for (int d = 0; d < output.length; d++) {
      output[d] += share * values[at + d];
    }
  }

  private void bound(
      double share, double off, double[] values, double @Nullable [] errors, int at) {
    DType rounded = model.traits().roundPoints().probabilities();
    double relative = ErrorModel.rounding(rounded);
    double absolute = ErrorModel.roundingUnderflow(rounded) + model.underflow();
    double sum = model.sum(keys);
    for (int d = 0; d < output.length; d++) {
      double v = Math.abs(values[at + d]);
      double distance = Math.abs(values[at + d] - output[d]);
      double error =
          share * (distance * off + sum * v + relative * Math.max(v, distance))
              + absolute * v
              + model.underflow();
      if (errors != null) {
        error += share * errors[at + d];
      }
      if (flushes && v < SMALLEST_NORMAL) {
        error += share * v;
      }
      outputError[d] += error;
    }
  }

  /** Lets a bound that overflowed accept everything, and that of NaN nothing else. */
  static double settle(double value, double error) {
    if (Double.isNaN(error)) {
      return Double.isNaN(value) ? 0 : Double.POSITIVE_INFINITY;
    }
    return error;
  }

  /** Returns an element of the output. */
  double output(int d) {
    return output[d];
  }

  /** Returns the bound of an element of the output, margin included. */
  double outputError(int d) {
    return outputError[d];
  }

  /** Returns the natural logarithm of the sum of exponentials, without the sink. */
  double logSumExp() {
    return logSumExp;
  }

  /** Returns the bound of {@link #logSumExp}, margin included. */
  double logSumExpError() {
    return logSumExpError;
  }
}

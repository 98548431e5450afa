package org.touchstone.backends.cpu.reference;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.RmsNormVariant;

/**
 * Normalises one row by {@code r = 1 / sqrt(mean(x^2) + eps)}, with bounds.
 *
 * <p>To first order {@code r} is off by {@code c/2 m/(m + eps)} for a sum of squares that is off by
 * c, half a rounding for each of the mean's division and the sum with eps, and the error of {@code
 * 1/sqrt} itself; every product adds a rounding.
 */
final class RootMeanSquare {
  private static final double LARGEST = Float.MAX_VALUE;

  private final RmsNormVariant variant;
  private final double eps;
  private final DType output;
  private final ErrorModel model;

  RootMeanSquare(RmsNormVariant variant, double eps, DType output, ErrorModel model) {
    this.variant = variant;
    this.eps = eps;
    this.output = output;
    this.model = model;
  }

  /**
   * Normalises a row.
   *
   * @param x the row, with bounds
   * @param w weights; empty without
   * @param z gates; empty without
   * @param value receives the values before the output rounding, from {@code at} on
   * @param error receives their bounds
   */
  void row(Rounded[] x, double[] w, double[] z, double[] value, double[] error, int at) {
    Rounded r = reciprocalRoot(x);
    for (int j = 0; j < x.length; j++) {
      double weight = weight(w, j);
      Rounded y =
          switch (variant) {
            case NO_WEIGHT, FP32_MUL, ONE_PLUS_W -> times(scaled(x[j], r), weight);
            case CAST_THEN_MUL -> times(round(scaled(x[j], r)), weight);
            case GATED -> gate(round(times(scaled(x[j], r), weight)), z[j]);
            case GATED_CAST_THEN_MUL -> {
              Rounded normalised = times(round(scaled(x[j], r)), weight);
              yield gate(rounded(normalised), z[j]);
            }
          };
      value[at + j] = y.value();
      error[at + j] =
          Double.isNaN(y.value())
              ? 0
              : ErrorModel.MARGIN * (y.error() + model.beforeOutput(y.value(), output));
    }
  }

  private double weight(double[] w, int j) {
    return switch (variant) {
      case NO_WEIGHT -> 1;
      case ONE_PLUS_W -> 1 + w[j];
      default -> w[j];
    };
  }

  private Rounded reciprocalRoot(Rounded[] x) {
    double sum = 0;
    double carried = 0;
    for (Rounded element : x) {
      double v = element.value();
      sum += v * v;
      carried += 2 * Math.abs(v) * element.error() + Math.abs(v) * model.operand(v);
    }
    double mean = sum / x.length;
    double value = 1 / Math.sqrt(mean + eps);
    if (Double.isNaN(sum) || Double.isInfinite(sum)) {
      return new Rounded(value, 0);
    }
    double sumError = model.sum(x.length) * sum + carried + x.length * model.underflow();
    // The mean divides by the length or multiplies by its rounded reciprocal.
    double meanError = sumError / x.length + 2 * model.op() * mean;
    double least = mean + eps - ErrorModel.MARGIN * meanError;
    double relative =
        least > 0
            ? Math.sqrt((mean + eps) / least) - 1 + 0.5 * model.op() + model.rsqrt()
            : Double.POSITIVE_INFINITY;
    // Where the sum of squares leaves FP32, an honest kernel normalises by infinity.
    double overflow = sum + ErrorModel.MARGIN * sumError > LARGEST ? 1 : 0;
    return new Rounded(value, value * Math.max(relative, overflow));
  }

  /** {@code x r}. */
  private Rounded scaled(Rounded x, Rounded r) {
    double value = x.value() * r.value();
    double error =
        (x.value() == 0 ? 0 : Math.abs(x.value()) * r.error())
            + (x.error() + model.operand(x.value())) * r.value()
            + model.op() * Math.abs(value)
            + model.underflow();
    return new Rounded(value, error);
  }

  /** Multiplies by a weight; 1 + w is rounded once, as is the product, when it goes on. */
  private Rounded times(Rounded a, double weight) {
    if (variant == RmsNormVariant.NO_WEIGHT) {
      return a;
    }
    double value = a.value() * weight;
    double sum =
        variant == RmsNormVariant.ONE_PLUS_W && (double) (float) weight != weight
            ? model.op() * Math.abs(value)
            : 0;
    double error =
        (weight == 0 ? 0 : Math.abs(weight) * a.error())
            + Math.abs(a.value()) * model.operand(weight)
            + sum
            + model.underflow();
    return new Rounded(value, error);
  }

  /** Rounds to the output type inside the operator. */
  private Rounded round(Rounded a) {
    if (Double.isNaN(a.value())) {
      return a;
    }
    double error = a.error() + model.beforeOutput(a.value(), output);
    return Rounded.of(output, Saturation.NONSAT, a.value(), ErrorModel.MARGIN * error);
  }

  /** Adds the rounding of an FP32 product that goes on. */
  private Rounded rounded(Rounded a) {
    return new Rounded(a.value(), a.error() + model.op() * Math.abs(a.value()));
  }

  private Rounded gate(Rounded a, double z) {
    Rounded silu = GatedActivation.silu(new Rounded(z, 0), model);
    double error =
        Math.abs(silu.value()) * a.error()
            + (Math.abs(a.value()) + a.error()) * silu.error()
            + model.underflow();
    return new Rounded(a.value() * silu.value(), error);
  }
}

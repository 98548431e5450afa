package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.Activation;

/**
 * A gated activation of one gate and one up value, with the error that theirs and the kernel's
 * functions cause: {@code |u f'(g)| E_g + |f(g)| E_u + e_act |a|}, the rounding of the result to
 * FP32 included.
 *
 * <p>A kernel may compute {@code g / (1 + e^-g)} and return -0 for a gate below -88, where {@code
 * e^-g} leaves the range of FP32, or anything between that and the exact value.
 */
final class GatedActivation {
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
  private static final double CUBIC = 0.044715;
  private static final double OAI_SLOPE = 1.702;

  /** Below, {@code e^-g} may count as infinite. */
  private static final double VANISHES = -88;

  private GatedActivation() {}

  /** Returns {@code act(g, u)} and its bound. */
  static Rounded apply(
      Activation activation, double g, double gError, double u, double uError, ErrorModel model) {
    Rounded gate = new Rounded(g, gError);
    Rounded up = new Rounded(u, uError);
    if (activation.clamped()) {
      gate = clamp(gate, Double.NEGATIVE_INFINITY, activation.limit());
      up = clamp(up, -activation.limit(), activation.limit());
    }
    return switch (activation.kind()) {
      case SWIGLU -> product(gatedSigmoid(gate, 1, model), up, model);
      case SWIGLU_OAI -> {
        double plusOne = up.value() + 1;
        double error = up.error() + model.op() * Math.abs(plusOne);
        yield product(gatedSigmoid(gate, OAI_SLOPE, model), new Rounded(plusOne, error), model);
      }
      case GEGLU_TANH -> product(gatedTanh(gate, model), up, model);
    };
  }

  /** Computes {@code silu(x)}. */
  static Rounded silu(Rounded x, ErrorModel model) {
    return gatedSigmoid(x, 1, model);
  }

  /** NaN passes a clamp. */
  private static Rounded clamp(Rounded x, double low, double high) {
    double value = Math.min(Math.max(x.value(), low), high);
    if (x.error() == 0) {
      return new Rounded(value, 0);
    }
    double above = Math.min(Math.max(x.value() + x.error(), low), high) - value;
    double below = value - Math.min(Math.max(x.value() - x.error(), low), high);
    return new Rounded(value, Math.max(above, below));
  }

  /** {@code s = g sigma(slope g)}. */
  private static Rounded gatedSigmoid(Rounded gate, double slope, ErrorModel model) {
    double g = gate.value();
    double x = slope * g;
    if (x == Double.NEGATIVE_INFINITY) {
      return new Rounded(-0.0, 0);
    }
    double sigma = 1 / (1 + Math.exp(-x));
    double value = g * sigma;
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return new Rounded(value, 0);
    }
    double argument = slope == 1 ? 0 : 2 * model.op() * Math.abs(x);
    double relative =
        (1 - sigma) * (model.exp() + argument) + model.op() + model.div() + model.op();
    double derivative = sigma + x * sigma * (1 - sigma);
    // e^x may be subnormal, so its error is an absolute one.
    double underflow = model.underflow() * (1 + Math.abs(Math.min(g, 0)));
    double error =
        Math.abs(value) * relative
            + times(Math.abs(derivative), gate.error())
            + sigma * model.operand(g)
            + underflow;
    double lowest = x - Math.abs(slope) * gate.error();
    return new Rounded(value, lowest < VANISHES ? Math.max(error, Math.abs(value)) : error);
  }

  /** {@code 0.5 g (1 + tanh z)} with {@code z = sqrt(2/pi) (g + 0.044715 g^3)}. */
  private static Rounded gatedTanh(Rounded gate, ErrorModel model) {
    double g = gate.value();
    if (g == Double.NEGATIVE_INFINITY) {
      return new Rounded(-0.0, 0);
    }
    double cube = CUBIC * g * g * g;
    double z = SQRT_2_OVER_PI * (g + cube);
    // 1 + tanh z = 2 sigma(2z), which does not cancel.
    double onePlusTanh = 2 / (1 + Math.exp(-2 * z));
    double value = 0.5 * g * onePlusTanh;
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return new Rounded(value, 0);
    }
    double tanh = Math.tanh(z);
    double slope = onePlusTanh * (2 - onePlusTanh);
    // Four roundings of the cube, then its sum with g, the constant and their product.
    double argument = model.op() * (4 * SQRT_2_OVER_PI * Math.abs(cube) + 3 * Math.abs(z));
    double derivative =
        0.5 * onePlusTanh + 0.5 * g * slope * SQRT_2_OVER_PI * (1 + 3 * CUBIC * g * g);
    double function =
        model.exp() * Math.abs(tanh)
            + (slope == 0 ? 0 : slope * argument)
            + model.op() * onePlusTanh;
    double error =
        Math.abs(0.5 * g) * function
            + model.op() * Math.abs(value)
            + times(Math.abs(derivative), gate.error())
            + 0.5 * onePlusTanh * model.operand(g)
            + model.underflow() * (1 + Math.abs(g));
    return new Rounded(value, error);
  }

  private static Rounded product(Rounded s, Rounded v, ErrorModel model) {
    double value = s.value() * v.value();
    double error =
        times(Math.abs(v.value()), s.error())
            + times(Math.abs(s.value()) + s.error(), v.error() + model.operand(v.value()))
            + model.op() * Math.abs(value)
            + model.underflow();
    return new Rounded(value, Double.isNaN(value) || Double.isInfinite(value) ? 0 : error);
  }

  /** No error stays none beside an infinity. */
  private static double times(double factor, double error) {
    return error == 0 ? 0 : factor * error;
  }
}

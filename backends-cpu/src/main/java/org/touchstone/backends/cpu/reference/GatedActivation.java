package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.Activation;

/**
 * A gated activation of one gate and one up value, with the error that theirs and the kernel's
 * functions cause.
 */
final class GatedActivation {
  private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
  private static final double CUBIC = 0.044715;
  private static final double OAI_ALPHA = 1.702;

  private GatedActivation() {}

  /** Returns {@code act(g, u)} and its bound {@code |u f'(g)| E_g + |f(g)| E_u + e_act |a|}. */
  static Rounded apply(
      Activation activation, double g, double gError, double u, double uError, ErrorModel model) {
    double gate = g;
    double gateError = gError;
    double up = u;
    double upError = uError;
    if (activation.clamped()) {
      double limit = activation.limit();
      gate = above(g, limit);
      gateError = Math.max(above(g + gError, limit) - gate, gate - above(g - gError, limit));
      up = both(u, limit);
      upError = Math.max(both(u + uError, limit) - up, up - both(u - uError, limit));
    }
    return switch (activation.kind()) {
      case SWIGLU -> swiglu(gate, gateError, up, upError, 1, 0, model);
      case SWIGLU_OAI -> swiglu(gate, gateError, up, upError, OAI_ALPHA, 1, model);
      case GEGLU_TANH -> geglu(gate, gateError, up, upError, model);
    };
  }

  /** {@code g sigma(alpha g) (u + beta)}. */
  private static Rounded swiglu(
      double g,
      double gError,
      double u,
      double uError,
      double alpha,
      double beta,
      ErrorModel model) {
    double sigma = 1 / (1 + Math.exp(-alpha * g));
    double f = g == Double.NEGATIVE_INFINITY ? -0.0 : g * sigma;
    double slope = sigma == 0 ? 0 : sigma * (1 + alpha * g * (1 - sigma));
    double value = f * (u + beta);
    double argument = alpha == 1 || f == 0 ? 0 : (1 - sigma) * Math.abs(alpha * g) * model.op();
    double relative =
        (1 - sigma) * model.exp() + argument + model.div() + (beta == 0 ? 3 : 4) * model.op();
    double error =
        product(Math.abs((u + beta) * slope), gError)
            + product(Math.abs(f), uError + (beta == 0 ? 0 : model.op() * Math.abs(u + beta)))
            + Math.abs(value) * relative
            + model.underflow() * (1 + Math.abs(u + beta));
    return new Rounded(value, error);
  }

  /** {@code 0.5 g (1 + tanh(sqrt(2/pi) (g + 0.044715 g^3))) u}. */
  private static Rounded geglu(double g, double gError, double u, double uError, ErrorModel model) {
    if (g == Double.NEGATIVE_INFINITY) {
      return new Rounded(-0.0 * u, model.underflow());
    }
    double z = SQRT_2_OVER_PI * (g + CUBIC * g * g * g);
    double t = Math.tanh(z);
    double f = 0.5 * g * (1 + t);
    double steep = (1 - t) * (1 + t);
    double slope = 0.5 * (1 + t) + 0.5 * g * steep * SQRT_2_OVER_PI * (1 + 3 * CUBIC * g * g);
    double value = f * u;
    double tanhError =
        Math.abs(t) * (model.exp() + model.op())
            + (steep == 0 ? 0 : steep * 4 * model.op() * Math.abs(z));
    double error =
        product(Math.abs(u * slope), gError)
            + product(Math.abs(f), uError)
            + Math.abs(0.5 * g * u) * (tanhError + model.op())
            + Math.abs(value) * 3 * model.op()
            + model.underflow() * (1 + Math.abs(u));
    return new Rounded(value, error);
  }

  private static double product(double factor, double error) {
    return error == 0 ? 0 : factor * error;
  }

  private static double above(double x, double limit) {
    return x > limit ? limit : x;
  }

  private static double both(double x, double limit) {
    return x > limit ? limit : x < -limit ? -limit : x;
  }
}

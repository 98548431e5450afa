package org.touchstone.backends.cpu.reference;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.QuantizeFp8GroupSpec;

/**
 * A vector quantised to E4M3FN in groups of 128 with FP32 scales, as between two products. Codes
 * near a tie, and all codes of a group whose scale may flip, carry an error on.
 */
final class QuantisedVector {
  private static final FloatFormat E4M3FN = DType.E4M3FN.format();
  private static final double MAX = E4M3FN.maxFinite();

  /** {@code x / s} in FP32 before rounding to a code, and its bound. */
  final double[] quotient;

  final double[] quotientError;

  /** FP32 scales, and their bounds. */
  final double[] scale;

  final double[] scaleError;

  /** Dequantised elements, and their bounds. */
  final double[] value;

  final double[] error;

  QuantisedVector(double[] x, double[] xError, ErrorModel model) {
    int group = GemmOperands.BLOCK;
    quotient = new double[x.length];
    quotientError = new double[x.length];
    value = new double[x.length];
    error = new double[x.length];
    scale = new double[Math.ceilDiv(x.length, group)];
    scaleError = new double[scale.length];
    for (int b = 0; b < scale.length; b++) {
      int from = b * group;
      int to = Math.min(x.length, from + group);
      scaleOf(x, xError, from, to, b, model);
      for (int i = from; i < to; i++) {
        element(x[i], xError[i], i, b, model);
      }
    }
  }

  private void scaleOf(double[] x, double[] xError, int from, int to, int b, ErrorModel model) {
    double amax = QuantizeFp8GroupSpec.DEFAULT_AMAX_FLOOR;
    double low = amax;
    double high = amax;
    for (int i = from; i < to; i++) {
      double magnitude = Math.abs(x[i]);
      if (Double.isNaN(magnitude)) {
        amax = Double.NaN;
      }
      amax = Math.max(amax, magnitude);
      low = Math.max(low, magnitude - xError[i]);
      high = Math.max(high, magnitude + xError[i]);
    }
    scale[b] = fp32Quotient(amax);
    double flip = Math.max(fp32Quotient(high) - scale[b], scale[b] - fp32Quotient(low));
    double division = model.div() <= model.op() ? 0 : model.div() * scale[b];
    scaleError[b] = Double.isFinite(scale[b]) ? flip + division : 0;
  }

  /** Divides an amax as the operator does: in FP32, IEEE division. */
  private static double fp32Quotient(double amax) {
    return (float) amax / (float) MAX;
  }

  private void element(double x, double xError, int i, int b, ErrorModel model) {
    double s = scale[b];
    if (Double.isNaN(s) || Double.isInfinite(s)) {
      boolean lost = Double.isNaN(s) || Double.isInfinite(x);
      quotient[i] = lost ? Double.NaN : 0;
      value[i] = Double.NaN;
      return;
    }
    // The quotient is rounded to FP32 by definition; a declared worse division makes it uncertain.
    double q = Math.clamp((float) x / (float) s, -MAX, MAX);
    boolean exact = xError == 0 && scaleError[b] == 0 && model.div() <= model.op();
    double relative = scaleError[b] / s + model.div();
    quotient[i] = q;
    quotientError[i] =
        exact ? 0 : ErrorModel.MARGIN * (xError / s + Math.abs(q) * relative + model.underflow());
    Rounded code = Rounded.of(DType.E4M3FN, Saturation.SAT, q, quotientError[i]);
    value[i] = code.value() * s;
    error[i] = code.error() * (s + scaleError[b]) + Math.abs(code.value()) * scaleError[b];
  }
}

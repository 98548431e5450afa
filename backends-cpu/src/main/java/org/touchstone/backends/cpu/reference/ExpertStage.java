package org.touchstone.backends.cpu.reference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardSpec;

/**
 * One expert's MLP for one token, stage by stage with bounds: gate and up, activation, round point,
 * down.
 */
final class ExpertStage {
  private final MoeForwardSpec spec;
  private final WeightRows gateUp;
  private final WeightRows down;
  private final ErrorModel model;
  private final double gateUpC;
  private final double downC;

  ExpertStage(MoeForwardSpec spec, WeightRows gateUp, WeightRows down, ErrorModel model) {
    this.spec = spec;
    this.gateUp = gateUp;
    this.down = down;
    this.model = model;
    // Scales make three more roundings: their product, the block's sum times it, its addition.
    double scaling = spec.operands().scaled() ? 3 * model.op() : 0;
    gateUpC = model.sum(gateUp.columns()) + scaling;
    downC = model.sum(down.columns()) + scaling;
  }

  /** Hidden activation of one token and expert, at each point of interest. */
  static final class Hidden {
    /** Before the round point {@code hidden}, and its bound. */
    final double[] raw;

    final double[] rawError;

    /** As it enters the down projection, and its bound. */
    double[] value;

    double[] error;

    /** Quantisation, for FP8 weights. */
    @Nullable QuantisedVector quantised;

    Hidden(int width) {
      raw = new double[width];
      rawError = new double[width];
      value = raw;
      error = rawError;
    }
  }

  /**
   * Computes the hidden activation of an expert; {@code routing} multiplies it when it is not 1.
   *
   * @param quantised what x was dequantised from, for FP8 weights
   */
  Hidden hidden(
      long expert,
      double[] x,
      double[] xError,
      @Nullable QuantisedVector quantised,
      double routing) {
    int width = gateUp.rows() / 2;
    Hidden hidden = new Hidden(width);
    double[] row = new double[gateUp.columns()];
    double[] dot = new double[2];
    Rounded[] h = new Rounded[2 * width];
    for (int n = 0; n < 2 * width; n++) {
      gateUp.row(expert, n, row);
      WeightRows.dot(row, x, xError, gateUpC, model, dot);
      dot[1] += cutOff(row, x, gateUp, expert, n, quantised);
      h[n] = round(spec.gateUp(), dot[0], dot[1]);
    }
    boolean interleaved = spec.activation().layout() == Activation.GateLayout.INTERLEAVED;
    for (int i = 0; i < width; i++) {
      Rounded g = h[interleaved ? 2 * i : i];
      Rounded u = h[interleaved ? 2 * i + 1 : width + i];
      Rounded a =
          GatedActivation.apply(
              spec.activation(), g.value(), g.error(), u.value(), u.error(), model);
      double product = routing == 1 ? 0 : model.op() * Math.abs(a.value());
      hidden.raw[i] = a.value() * routing;
      hidden.rawError[i] = bound(hidden.raw[i], Math.abs(routing) * (a.error() + product));
    }
    enterDown(hidden);
    return hidden;
  }

  private void enterDown(Hidden hidden) {
    double[] value = new double[hidden.raw.length];
    double[] error = new double[value.length];
    for (int i = 0; i < value.length; i++) {
      Rounded rounded = round(spec.hidden(), hidden.raw[i], hidden.rawError[i]);
      value[i] = rounded.value();
      error[i] = rounded.error();
    }
    hidden.value = value;
    hidden.error = error;
    if (spec.operands().scaled()) {
      QuantisedVector quantised = new QuantisedVector(value, error, model);
      hidden.quantised = quantised;
      hidden.value = quantised.value;
      hidden.error = quantised.error;
    }
  }

  private static Rounded round(DType type, double value, double error) {
    return Rounded.of(type, Saturation.NONSAT, value, ErrorModel.MARGIN * bound(value, error));
  }

  /** Infinities and NaN are exact: they come from operands, not from rounding. */
  private static double bound(double value, double error) {
    return Double.isFinite(value) ? error : 0;
  }

  /**
   * Computes one element of the expert's output.
   *
   * @param row scratch of the down projection's row length
   * @param result value at index 0, bound at index 1
   */
  void output(long expert, long column, Hidden hidden, double[] row, double[] result) {
    down.row(expert, column, row);
    WeightRows.dot(row, hidden.value, hidden.error, downC, model, result);
    result[1] += cutOff(row, hidden.value, down, expert, column, hidden.quantised);
  }

  /** Returns what a reduced accumulator may cut off a product of scaled operands. */
  private double cutOff(
      double[] row,
      double[] x,
      WeightRows weights,
      long expert,
      long n,
      @Nullable QuantisedVector quantised) {
    if (!model.reduces() || quantised == null) {
      return 0;
    }
    double[] least = weights.leastNormals(expert, n);
    ReducedSum reduced = model.reducedSum();
    for (int b = 0; b < least.length; b++) {
      int from = b * GemmOperands.BLOCK;
      int to = Math.min(x.length, from + GemmOperands.BLOCK);
      double leastX = ReducedSum.LEAST * quantised.scale[b];
      reduced.add(row, x, from, to, least[b], leastX, 1, ReducedSum.Terms.SCALED);
    }
    return reduced.error();
  }

  /** Returns the row length of the down projection. */
  int width() {
    return down.columns();
  }
}

package org.touchstone.backends.cpu.reference;

import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.host.HostTensors;

/** W_UK and W_UV of one head of multi-head latent attention, and products with them. */
final class ExpandedHead {
  private final ErrorModel model;
  private final int latent;
  private final int nope;
  private final int value;
  private final double[] weights;

  /** Reads the head's rows of W_kvb: dn rows of W_UK, then dv rows of W_UV. */
  ExpandedHead(ErrorModel model, MlaDims dims, Tensor wKvb, long head) {
    this.model = model;
    latent = Math.toIntExact(dims.latentDim());
    nope = Math.toIntExact(dims.nopeDim());
    value = Math.toIntExact(dims.valueDim());
    long rows = dims.nopeDim() + dims.valueDim();
    weights = HostTensors.doubles(wKvb.slice(0, head * rows, (head + 1) * rows));
  }

  /** Elements with their bounds. */
  // Identity equality of the arrays is never used.
  @SuppressWarnings("ArrayRecordComponent")
  record Bounded(double[] values, double[] errors) {
    Bounded(int count) {
      this(new double[count], new double[count]);
    }

    private void set(int at, DType type, double value, double error) {
      if (type == DType.F32) {
        values[at] = value;
        errors[at] = error;
      } else {
        Rounded rounded = Rounded.of(type, Saturation.NONSAT, value, error);
        values[at] = rounded.value();
        errors[at] = rounded.error();
      }
    }
  }

  /** Computes {@code W_UK c} into {@code to}. */
  void keys(double[] c, int cAt, Bounded to, int at) {
    expand(0, nope, c, cAt, to, at);
  }

  /** Computes {@code W_UV c} into {@code to}. */
  void values(double[] c, int cAt, Bounded to, int at) {
    expand(nope, value, c, cAt, to, at);
  }

  private void expand(int firstRow, int rows, double[] c, int cAt, Bounded to, int at) {
    DType type = model.traits().roundPoints().expandedKv();
    for (int r = 0; r < rows; r++) {
      int row = (firstRow + r) * latent;
      double sum = 0;
      double magnitude = 0;
      for (int i = 0; i < latent; i++) {
        double product = weights[row + i] * c[cAt + i];
        sum += product;
        magnitude += Math.abs(product);
      }
      to.set(at + r, type, sum, model.sum(latent) * magnitude + latent * model.underflow());
    }
  }

  /** Computes the absorbed query {@code W_UK^T q}. */
  Bounded absorb(double[] q, int qAt) {
    double[] sum = new double[latent];
    double[] magnitude = new double[latent];
    for (int d = 0; d < nope; d++) {
      for (int i = 0; i < latent; i++) {
        double product = weights[d * latent + i] * q[qAt + d];
        sum[i] += product;
        magnitude[i] += Math.abs(product);
      }
    }
    Bounded absorbed = new Bounded(latent);
    for (int i = 0; i < latent; i++) {
      absorbed.set(
          i,
          model.traits().roundPoints().latentQuery(),
          sum[i],
          model.sum(nope) * magnitude[i] + nope * model.underflow());
    }
    return absorbed;
  }

  /** Rounds the latent output of a row as the kernel declares. */
  Bounded latentOutput(AttentionRow row) {
    Bounded rounded = new Bounded(latent);
    for (int i = 0; i < latent; i++) {
      rounded.set(
          i, model.traits().roundPoints().latentOutput(), row.output(i), row.outputError(i));
    }
    return rounded;
  }

  /** Returns element {@code d} of {@code W_UV u}. */
  Rounded value(int d, Bounded u) {
    int row = (nope + d) * latent;
    double sum = 0;
    double magnitude = 0;
    double inherited = 0;
    for (int i = 0; i < latent; i++) {
      double weight = weights[row + i];
      sum += weight * u.values()[i];
      magnitude += Math.abs(weight * u.values()[i]);
      inherited += Math.abs(weight) * u.errors()[i];
    }
    double own = model.sum(latent) * magnitude + latent * model.underflow();
    return new Rounded(sum, ErrorModel.MARGIN * own + inherited);
  }
}

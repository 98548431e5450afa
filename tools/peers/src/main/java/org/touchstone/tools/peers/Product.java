package org.touchstone.tools.peers;

import org.touchstone.api.op.GemmSpec;
import org.touchstone.tools.peers.Matrix.ScaleRows;

/**
 * {@code A B^T}.
 *
 * @param a [m, k]
 * @param b [n, k]
 */
record Product(Matrix a, Matrix b) implements Problem {
  static Product of(GemmSpec spec, Problem.Inputs inputs) {
    return new Product(
        Matrix.scaled(
            inputs.at("a"),
            Math.toIntExact(inputs.at("a").dim(0)),
            inputs.at("scaleA"),
            ScaleRows.ONE),
        Matrix.scaled(
            inputs.at("b"), Math.toIntExact(spec.n()), inputs.at("scaleB"), ScaleRows.BLOCK));
  }

  int m() {
    return a.rows();
  }

  int n() {
    return b.rows();
  }

  int k() {
    return a.columns();
  }
}

package org.touchstone.tools.experiment;

/**
 * Rules by which published test suites pass an output: thresholds as their files have them, chosen
 * there for other data. Here they only show what each kind of rule can see.
 */
enum Rule {
  /** ggml, tests/test-backend-ops.cpp: normalised mean square error of a matrix product. */
  NMSE("NMSE 5e-4") {
    @Override
    boolean passes(double[] exact, double[] actual, int terms) {
      double error = 0;
      double square = 0;
      for (int i = 0; i < exact.length; i++) {
        error += (exact[i] - actual[i]) * (exact[i] - actual[i]);
        square += exact[i] * exact[i];
      }
      return error <= 5e-4 * square;
    }
  },
  /** DeepGEMM: one minus twice the product over the sum of the squares, for FP8. */
  COSINE("cosine-like 1e-3") {
    @Override
    boolean passes(double[] exact, double[] actual, int terms) {
      double product = 0;
      double squares = 0;
      for (int i = 0; i < exact.length; i++) {
        product += exact[i] * actual[i];
        squares += exact[i] * exact[i] + actual[i] * actual[i];
      }
      return 1 - 2 * product / squares < 1e-3;
    }
  },
  /** FlagGems: an absolute part that grows with the sum. */
  GROWING("allclose 1e-4·K, 1.6e-2") {
    @Override
    boolean passes(double[] exact, double[] actual, int terms) {
      return close(exact, actual, 1e-4 * terms, 1.6e-2);
    }
  },
  /** PyTorch's defaults for BF16. */
  FRAMEWORK("allclose 1e-5, 1.6e-2") {
    @Override
    boolean passes(double[] exact, double[] actual, int terms) {
      return close(exact, actual, 1e-5, 1.6e-2);
    }
  },
  /** BackendBench: one pair for everything. */
  ONE_PAIR("allclose 1e-2, 1e-2") {
    @Override
    boolean passes(double[] exact, double[] actual, int terms) {
      return close(exact, actual, 1e-2, 1e-2);
    }
  },
  /** ONNX Runtime for BF16. */
  RUNTIME("allclose 2e-2, 1e-2") {
    @Override
    boolean passes(double[] exact, double[] actual, int terms) {
      return close(exact, actual, 2e-2, 1e-2);
    }
  };

  final String title;

  Rule(String title) {
    this.title = title;
  }

  /**
   * Returns whether an output passes.
   *
   * @param exact the reference, in FP64
   * @param terms length of the sums
   */
  abstract boolean passes(double[] exact, double[] actual, int terms);

  private static boolean close(double[] exact, double[] actual, double absolute, double relative) {
    for (int i = 0; i < exact.length; i++) {
      if (!(Math.abs(actual[i] - exact[i]) <= absolute + relative * Math.abs(exact[i]))) {
        return false;
      }
    }
    return true;
  }
}

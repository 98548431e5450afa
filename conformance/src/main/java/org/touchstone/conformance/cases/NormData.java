package org.touchstone.conformance.cases;

import org.touchstone.conformance.data.InputData;

/** What the norms' generators share. */
final class NormData {
  private NormData() {}

  /**
   * Lets squares come close to the largest FP32 number in the saturating family, where their sum
   * still fits; weights and gates stay around 1 there, or every output would be infinite. Subnormal
   * rows keep normal weights, so that outputs show every bit of them.
   */
  static void fill(InputData data, long hidden) {
    switch (data.family()) {
      case SATURATING -> {
        double most = Math.sqrt(Float.MAX_VALUE / (1.1 * hidden));
        data.large("x", most);
        data.large("residual", most / 64);
        data.normal("w", 1, 0.25);
        data.normal("z", 0, 1);
      }
      case SUBNORMAL -> {
        data.floats("x");
        data.floats("residual");
        data.normal("w", 1, 0.25);
        data.normal("z", 0, 1);
      }
      default -> {}
    }
  }
}

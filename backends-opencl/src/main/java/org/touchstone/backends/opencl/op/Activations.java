package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.Activation;

/** Numbers of formulas, as {@code activation.cl} defines them. */
final class Activations {
  private Activations() {}

  static int number(Activation activation) {
    return switch (activation.kind()) {
      case SWIGLU -> 0;
      case SWIGLU_OAI -> 1;
      case GEGLU_TANH -> 2;
    };
  }
}

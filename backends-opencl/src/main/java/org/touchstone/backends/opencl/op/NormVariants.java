package org.touchstone.backends.opencl.op;

import org.touchstone.api.op.RmsNormVariant;

/** Numbers of the variants, as {@code rms_norm.cl} defines them. */
final class NormVariants {
  private NormVariants() {}

  static int number(RmsNormVariant variant) {
    return switch (variant) {
      case CAST_THEN_MUL -> 0;
      case FP32_MUL -> 1;
      case ONE_PLUS_W -> 2;
      case NO_WEIGHT -> 3;
      case GATED -> 4;
      case GATED_CAST_THEN_MUL -> 5;
    };
  }
}

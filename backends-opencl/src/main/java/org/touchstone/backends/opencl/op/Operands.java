package org.touchstone.backends.opencl.op;

import org.touchstone.backends.opencl.Target;

/** Options of kernels that include {@code operands.cl}. */
final class Operands {
  private Operands() {}

  /** Says whether codes may be decoded through subnormal numbers. */
  static String option(Target target) {
    return target.facts().keepsSubnormals()
        ? "-DSUBNORMALS_KEPT=1"
        : "-DSUBNORMALS_FLUSHED=1";
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.Capability;

/** Options of kernels that include {@code operands.cl}. */
final class Operands {
  private Operands() {}

  /** Says whether codes may be decoded through subnormal numbers. */
  static String option(Target target) {
    return target.facts().has(Capability.SUBNORMALS)
        ? "-DSUBNORMALS_KEPT=1"
        : "-DSUBNORMALS_FLUSHED=1";
  }
}

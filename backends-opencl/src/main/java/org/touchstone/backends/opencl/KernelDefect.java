package org.touchstone.backends.opencl;

import java.util.Set;
import org.touchstone.api.op.Op;
import org.touchstone.backends.opencl.driver.KernelEdit;
import org.touchstone.backends.spi.Mutant.CaughtBy;

/**
 * A seeded defect of a kernel source.
 *
 * @param name unique among all defects
 * @param what what is wrong, in one clause
 * @param ops operators that run the kernel
 * @param variant the variant of the kernels that shows it
 * @param caughtBy the check that must catch it
 * @param edit what is changed
 */
record KernelDefect(
    String name, String what, Set<Op> ops, Variant variant, CaughtBy caughtBy, KernelEdit edit) {
  /** Copies the set. */
  KernelDefect {
    ops = Set.copyOf(ops);
  }
}

package org.touchstone.conformance.cases;

import org.touchstone.conformance.data.InputData;

/**
 * Fills the inputs that are not plain floats: indices, block tables, masks, codes, scales. Every
 * floating-point slot that it leaves alone is filled by the case's family.
 */
@FunctionalInterface
public interface Filler {
  /** Leaves everything to the default. */
  Filler DEFAULT = data -> {};

  /** Fills slots. Must depend on nothing but its argument. */
  void fill(InputData data);
}

package org.touchstone.conformance.mutants;

/**
 * Says that a defect cannot be seeded into a launch, for example because a weight is packed; the
 * launch then runs correctly.
 */
final class Inapplicable extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Inapplicable() {
    super("the defect cannot be seeded into this launch", null, false, false);
  }
}

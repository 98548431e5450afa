package org.touchstone.conformance.mutants;

/** Does something wrong with a launch; calls {@link Shot#run} unless running is what it omits. */
@FunctionalInterface
interface Defect {
  void spoil(Shot shot);
}

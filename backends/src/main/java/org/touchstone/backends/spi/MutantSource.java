package org.touchstone.backends.spi;

import java.util.List;

/**
 * Contributes seeded defects, found by {@link java.util.ServiceLoader}; the suite must catch every
 * one.
 */
public interface MutantSource {
  /** Returns the defects. */
  List<Mutant> mutants();
}

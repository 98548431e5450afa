package org.touchstone.conformance;

import java.util.Optional;

/**
 * What became of one seeded defect.
 *
 * @param name the defect
 * @param device URI of the device that it was seeded into
 * @param description what is wrong, in one clause
 * @param caughtBy the check that must catch it
 * @param killer name of the case that caught it; empty when it survived
 * @param evidence what the case saw, or why the defect survived
 * @param casesRun number of cases until the first kill
 */
public record MutantResult(
    String name,
    String device,
    String description,
    String caughtBy,
    Optional<String> killer,
    String evidence,
    int casesRun) {
  /** Returns whether a case caught the defect. */
  public boolean killed() {
    return killer.isPresent();
  }
}

package org.touchstone.conformance.cases;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What differs from the usual launch of a case.
 *
 * @param placement how tensors lie in their buffers
 * @param inPlace outputs that coincide with the input that their slot allows
 * @param absent optional slots that are left out; all others are present
 */
public record Variants(Placement placement, Set<String> inPlace, Set<String> absent) {
  /** Copies the sets. */
  public Variants {
    inPlace = Collections.unmodifiableSet(new LinkedHashSet<>(inPlace));
    absent = Collections.unmodifiableSet(new LinkedHashSet<>(absent));
  }
}

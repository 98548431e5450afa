package org.touchstone.conformance.cases;

import java.util.Map;
import java.util.Set;
import org.touchstone.api.op.Op;

/**
 * Generates the cases of one operator, or of a few that share a spec. {@link AddCases} is the
 * example to copy; register the new class in {@link CaseCatalog}.
 *
 * <p>Aim for shapes of 0, 1, tile - 1, tile, tile + 1, primes and ragged ones, every dtype and flag
 * once per shape class rather than the full product, all five families, and one case at the
 * dimensions of a real model at {@link Level#L1} with {@link TestCase.Builder#sampled}. Keep an L1
 * case below about 50 million multiplications.
 */
public interface OperatorCases {
  /** Returns the operators that the cases belong to. */
  Set<Op> ops();

  /** Returns the families that the operators do not have, with the reason; counted in reports. */
  default Map<DataFamily, String> inapplicable() {
    return Map.of();
  }

  /** Adds all cases of all levels, in a fixed order, the same at every call. */
  void generate(CaseSink sink);
}

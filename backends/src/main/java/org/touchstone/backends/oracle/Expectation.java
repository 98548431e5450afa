package org.touchstone.backends.oracle;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Expected outputs of one launch, by slot name, in slot order.
 *
 * @param outputs one entry for every output that is present
 */
public record Expectation(Map<String, Expected> outputs) {
  /** Copies the map, keeping its order. */
  public Expectation {
    outputs = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
  }

  /** Creates an expectation for one output. */
  public static Expectation of(String slot, Expected expected) {
    return new Expectation(Map.of(slot, expected));
  }
}

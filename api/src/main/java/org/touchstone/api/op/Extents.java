package org.touchstone.api.op;

import java.util.Map;

/**
 * Values of the symbols of a signature in one launch.
 *
 * @param values by symbol
 */
public record Extents(Map<String, Long> values) {
  /** Copies the map. */
  public Extents {
    values = Map.copyOf(values);
  }

  /** Returns the value of a symbol; 0 when only absent optional tensors hold it. */
  public long of(String symbol) {
    return values.getOrDefault(symbol, 0L);
  }
}

package org.touchstone.conformance.cases;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.touchstone.api.Shape;
import org.touchstone.api.op.Dim;
import org.touchstone.api.op.Slot;

/**
 * The sizes of one launch, from which the shape of every slot follows.
 *
 * @param extents values of the symbols of single dimensions
 * @param whole shapes of the symbols that stand for any shape
 */
record CaseShapes(Map<String, Long> extents, Map<String, Shape> whole) {
  /** Copies the maps. */
  CaseShapes {
    extents = Collections.unmodifiableMap(new LinkedHashMap<>(extents));
    whole = Collections.unmodifiableMap(new LinkedHashMap<>(whole));
  }

  /** Returns the shape of a slot's tensor in the case of a name. */
  Shape of(Slot slot, String name) {
    if (slot.dims() == null) {
      Shape shape = whole.get(String.valueOf(slot.anyShape()));
      if (shape == null) {
        throw missing(name, slot.anyShape() + " has no shape; call shape()");
      }
      return shape;
    }
    return Shape.of(slot.dims().stream().mapToLong(dim -> extent(dim, name)).toArray());
  }

  private long extent(Dim dim, String name) {
    String symbol = dim.symbol();
    if (symbol == null) {
      return dim.offset();
    }
    Long value = extents.get(symbol);
    if (value == null) {
      throw missing(name, symbol + " has no value; call extent() or derived()");
    }
    return dim.extent(value);
  }

  private static IllegalArgumentException missing(String name, String what) {
    return new IllegalArgumentException("case " + name + ": symbol " + what);
  }
}

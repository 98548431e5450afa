package org.touchstone.conformance.cases;

import java.util.Locale;

/** What the numbers of a case are like; each family shows defects that the others hide. */
public enum DataFamily {
  /** Small integers whose every partial sum is representable: bit-exact in any order. */
  EXACT_INTEGER,
  /** Roughly normal numbers. */
  RANDOM,
  /** Mostly subnormal numbers of the element type, beside tiny normal ones. */
  SUBNORMAL,
  /** The two topmost binades of the element type, its largest value included. */
  SATURATING,
  /** One-hot, constant, alternating and stepped rows. */
  STRUCTURED;

  /** Returns the name within case names, for example {@code exact_integer}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}

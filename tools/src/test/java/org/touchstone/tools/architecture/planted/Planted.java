package org.touchstone.tools.architecture.planted;

/** Marks the root of the classes that break the architecture rules on purpose. */
public final class Planted {
  private Planted() {}
}

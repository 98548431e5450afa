package org.touchstone.tools.model.text;

/** Reports that a model cannot do what was asked, whatever the device. */
public final class Impossible extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  Impossible(String what, String expected, String actual) {
    super(what + ": expected " + expected + ", got " + actual);
  }
}

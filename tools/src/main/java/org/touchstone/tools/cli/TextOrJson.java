package org.touchstone.tools.cli;

/** Formats of commands that print one table. */
enum TextOrJson {
  /** For people. */
  TEXT,
  /** For programs. */
  JSON
}

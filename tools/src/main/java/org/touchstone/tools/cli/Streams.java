package org.touchstone.tools.cli;

import java.io.PrintStream;

/**
 * Where a command writes.
 *
 * @param out data only
 * @param err everything else
 * @param attention whether somebody watches stderr
 */
public record Streams(PrintStream out, PrintStream err, Attention attention) {
  /** Whether somebody watches stderr. */
  public enum Attention {
    /** A person: progress is a bar. */
    TERMINAL,
    /** A log: progress is a line now and then. */
    LOG
  }
}

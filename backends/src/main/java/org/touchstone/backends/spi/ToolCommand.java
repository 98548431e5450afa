package org.touchstone.backends.spi;

import java.io.PrintStream;
import java.util.List;

/** A verb that a backend adds to the command line, found by {@link java.util.ServiceLoader}. */
public interface ToolCommand {
  /** Returns the verb, for example {@code tune}. */
  String name();

  /** Says in one line what it does. */
  String summary();

  /**
   * Runs the verb.
   *
   * @param out for data only
   * @param err for everything else
   * @return the exit code
   */
  int run(List<String> arguments, PrintStream out, PrintStream err);
}

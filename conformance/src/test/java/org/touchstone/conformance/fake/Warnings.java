package org.touchstone.conformance.fake;

import java.util.Collection;
import java.util.function.Supplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Collects what is logged as a warning, by any thread. */
public final class Warnings {
  private static final Logger LOGGER = Logger.getLogger("org.touchstone");

  private Warnings() {}

  /** Runs something and adds the warnings of that time to a collection for several threads. */
  public static <T> T during(Collection<String> warnings, Supplier<T> work) {
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord entry) {
            if (entry.getLevel().equals(Level.WARNING)) {
              warnings.add(entry.getMessage());
            }
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    LOGGER.addHandler(handler);
    try {
      return work.get();
    } finally {
      LOGGER.removeHandler(handler);
    }
  }
}

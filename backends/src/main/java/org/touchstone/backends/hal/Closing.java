package org.touchstone.backends.hal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HalException;

/** Closes several things although some of them fail. */
final class Closing {
  private Closing() {}

  /**
   * Closes everything, then throws the first failure with the others suppressed.
   *
   * @param doing what fails, for the message
   */
  static void all(List<? extends AutoCloseable> owned, String doing, @Nullable String device) {
    List<HalException> failures = new ArrayList<>();
    for (AutoCloseable one : owned) {
      try {
        one.close();
        // Native bindings throw errors, too, and the others must be closed nevertheless.
      } catch (Throwable e) {
        failures.add(Failures.of(e, doing, null, device));
      }
    }
    if (!failures.isEmpty()) {
      HalException first = failures.removeFirst();
      failures.forEach(first::addSuppressed);
      throw first;
    }
  }
}

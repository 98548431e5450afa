package org.touchstone.backends.spi;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Says how a worker process for a device must be started: a checker that works as a driver, for
 * example, needs environment variables before the JVM starts and reports on stderr. Found by {@link
 * java.util.ServiceLoader}.
 */
public interface WorkerProfile {
  /** Returns whether the profile is for a device. */
  boolean appliesTo(String deviceUri);

  /** Returns environment variables to set. */
  Map<String, String> environment();

  /** Returns arguments for the JVM. */
  List<String> jvmArguments();

  /** Returns patterns of lines on stderr that make the running case fail. */
  List<Pattern> findings();

  /**
   * Returns the size, in elements of all tensors together, above which cases take too long on the
   * device to be run unasked; empty for none.
   */
  default OptionalLong mostElements() {
    return OptionalLong.empty();
  }
}

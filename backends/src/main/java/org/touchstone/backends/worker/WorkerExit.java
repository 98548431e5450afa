package org.touchstone.backends.worker;

import java.util.Map;
import java.util.Optional;

/**
 * How a worker process ended.
 *
 * @param code the exit code as the operating system reports it
 */
public record WorkerExit(int code) {
  /** A process that a signal ended exits with this much more than the signal's number. */
  private static final int SIGNAL_BASE = 128;

  private static final int LAST_SIGNAL = 64;

  private static final Map<Integer, String> NAMES =
      Map.of(
          4, "SIGILL", 6, "SIGABRT", 7, "SIGBUS", 8, "SIGFPE", 9, "SIGKILL", 11, "SIGSEGV", 15,
          "SIGTERM");

  /** Returns the number of the signal that ended the process, if one did. */
  public Optional<Integer> signal() {
    return code > SIGNAL_BASE && code <= SIGNAL_BASE + LAST_SIGNAL
        ? Optional.of(code - SIGNAL_BASE)
        : Optional.empty();
  }

  /** Renders as {@code exit code 3} or {@code signal 11 (SIGSEGV)}. */
  @Override
  public String toString() {
    return signal()
        .map(
            number ->
                "signal "
                    + number
                    + Optional.ofNullable(NAMES.get(number))
                        .map(name -> " (" + name + ")")
                        .orElse(""))
        .orElse("exit code " + code);
  }
}

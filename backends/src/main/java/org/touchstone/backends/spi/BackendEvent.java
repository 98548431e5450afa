package org.touchstone.backends.spi;

import java.time.Duration;
import java.util.Optional;

/** A point in a queue. Thread-safe. */
public interface BackendEvent {
  /** An event of a backend that runs everything before it returns. */
  BackendEvent DONE =
      new BackendEvent() {
        @Override
        public boolean isDone() {
          return true;
        }

        @Override
        public void await() {}

        @Override
        public Optional<Duration> deviceTime() {
          return Optional.empty();
        }
      };

  /** Returns whether the point is passed. */
  boolean isDone();

  /**
   * Waits until the point is passed.
   *
   * @throws org.touchstone.api.HalException when the work before it failed
   */
  void await();

  /**
   * Returns the device time of the work since the previous event of the queue, when it is measured.
   */
  Optional<Duration> deviceTime();
}

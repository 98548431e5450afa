package org.touchstone.api;

/** The end of one submission. Thread-safe. */
public interface Completion {
  /**
   * Waits until the submission has ended.
   *
   * @throws HalException when it failed, or when an earlier failure poisoned its queue
   */
  void join();

  /** Returns whether the submission has ended, successfully or not. */
  boolean isDone();

  /** Waits like {@link #join} and says what ran. */
  Receipt receipt();
}

package org.touchstone.api;

/**
 * Runs submissions on one device in the order in which they were made. Two queues are unordered
 * unless {@link #await} orders them. A queue is used by one thread at a time; different queues are
 * independent.
 *
 * <p>A failure poisons the queue: later submissions report the first cause.
 */
public interface Queue extends AutoCloseable {
  /** Returns the device that executes the submissions. */
  Device device();

  /**
   * Copies {@code src} into {@code dst}: same dtype, shape and layout, any strides, each on the
   * host or on this queue's device. Host memory may be reused after {@link Completion#join}.
   */
  Completion copy(Tensor src, Tensor dst);

  /** Makes later submissions of this queue wait for a completion, of any queue. */
  void await(Completion completion);

  /** Waits until everything submitted has ended; throws the first failure. */
  void finish();

  /** Returns the bytes of workspace that this queue holds. */
  long workspaceBytes();

  /** Waits for what was submitted and releases the queue. Closing twice does nothing. */
  @Override
  void close();
}

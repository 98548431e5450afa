package org.touchstone.backends.spi;

/** An in-order queue of a backend. Used by one thread at a time. */
public interface BackendQueue extends AutoCloseable {
  /** Enqueues a copy of rows; each end is device memory of this device or host memory. */
  void copy(CopyRows rows);

  /** Marks the end of everything enqueued so far. */
  BackendEvent record();

  /** Makes what follows wait for an event of any queue of the same device. */
  void await(BackendEvent event);

  /** Waits for everything enqueued and releases the queue. */
  @Override
  void close();
}

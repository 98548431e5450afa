package org.touchstone.backends.template;

import org.touchstone.api.DeviceInfo;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;

/** An in-order queue. Used by one thread at a time. */
final class TemplateQueue implements BackendQueue {
  private final DeviceInfo info;

  TemplateQueue(DeviceInfo info) {
    this.info = info;
  }

  /**
   * Enqueues rows: the driver's two-dimensional copy where it has one, one copy per row elsewhere.
   * At least one end is memory of this device.
   */
  @Override
  public void copy(CopyRows rows) {
    throw new HalException(
        ErrorCode.UNSUPPORTED,
        "the template copies nothing",
        "copy",
        info.uri(),
        "implement TemplateQueue.copy",
        null);
  }

  /** Marks the end of everything enqueued so far; nothing was, so it has passed. */
  @Override
  public BackendEvent record() {
    return BackendEvent.DONE;
  }

  /** Makes what follows wait for an event of another queue of this device. */
  @Override
  public void await(BackendEvent event) {
    event.await();
  }

  /** Waits for everything enqueued and releases the native queue. */
  @Override
  public void close() {}
}

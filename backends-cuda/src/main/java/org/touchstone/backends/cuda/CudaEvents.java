package org.touchstone.backends.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.touchstone.backends.cuda.driver.CudaDriver;

/** The events of one queue: made when needed, used again, destroyed with it. Thread-safe. */
final class CudaEvents implements AutoCloseable {
  private final CudaContext context;
  private final List<CudaDriver.Event> all = new ArrayList<>();
  private final Deque<CudaDriver.Event> free = new ArrayDeque<>();
  private boolean closed;

  CudaEvents(CudaContext context) {
    this.context = context;
  }

  /** Returns an event that takes times; the context is current. */
  synchronized CudaDriver.Event take() {
    CudaDriver.Event event = free.poll();
    if (event == null) {
      event = context.driver().eventCreate(CudaDriver.Timing.ENABLED);
      context.taken(CudaContext.Resource.EVENT);
      all.add(event);
    }
    return event;
  }

  synchronized void giveBack(CudaDriver.Event event) {
    if (!closed) {
      free.add(event);
    }
  }

  /** Returns whether the events are destroyed. */
  synchronized boolean closed() {
    return closed;
  }

  @Override
  public synchronized void close() {
    closed = true;
    free.clear();
    all.forEach(
        event ->
            context.release(
                CudaContext.Resource.EVENT, () -> context.driver().eventDestroy(event)));
    all.clear();
  }
}

package org.touchstone.backends.cuda;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HalException;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.spi.BackendEvent;

/** A point in a stream, between the start and the end of the work that it closes. */
final class CudaEvent implements BackendEvent {
  private static final double NANOS_PER_MILLISECOND = 1e6;

  private final CudaContext context;
  private final CudaEvents events;
  private final CudaDriver.@Nullable Event start;
  private final CudaDriver.Event end;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean settled;
  private @Nullable HalException failure;
  private Optional<Duration> deviceTime = Optional.empty();

  /**
   * Creates the point.
   *
   * @param start recorded before the first work since the previous point; null without work
   * @param end recorded after the last
   */
  CudaEvent(
      CudaContext context,
      CudaEvents events,
      CudaDriver.@Nullable Event start,
      CudaDriver.Event end) {
    this.context = context;
    this.events = events;
    this.start = start;
    this.end = end;
  }

  @Override
  public boolean isDone() {
    // Somebody who waits holds the lock.
    if (!lock.tryLock()) {
      return false;
    }
    try {
      if (settled || events.closed()) {
        return true;
      }
      context.enter();
      return context.driver().eventQuery(end);
    } catch (CudaException e) {
      settle(context.failure("asking for the end of a kernel", e));
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void await() {
    lock.lock();
    try {
      if (!settled && !events.closed()) {
        waitForEnd();
      }
      if (failure != null) {
        throw failure;
      }
    } finally {
      lock.unlock();
    }
  }

  private void waitForEnd() {
    try {
      context.enter();
      context.driver().eventSynchronize(end);
      if (start != null) {
        float milliseconds = context.driver().eventElapsedTime(start, end);
        deviceTime = Optional.of(Duration.ofNanos((long) (milliseconds * NANOS_PER_MILLISECOND)));
      }
      settle(null);
    } catch (CudaException e) {
      settle(context.failure("waiting for a kernel", e));
    } catch (HalException e) {
      settle(e);
    }
  }

  private void settle(@Nullable HalException outcome) {
    settled = true;
    failure = outcome;
    if (start != null) {
      events.giveBack(start);
    }
    events.giveBack(end);
  }

  /** Makes a stream wait for this point, unless it is passed. */
  void awaitedBy(CudaDriver.Stream stream) {
    lock.lock();
    try {
      if (!settled && !events.closed()) {
        context.driver().streamWaitEvent(stream, end);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<Duration> deviceTime() {
    lock.lock();
    try {
      return deviceTime;
    } finally {
      lock.unlock();
    }
  }
}

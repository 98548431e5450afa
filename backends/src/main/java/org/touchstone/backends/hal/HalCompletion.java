package org.touchstone.backends.hal;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Completion;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Receipt;
import org.touchstone.backends.spi.BackendEvent;

/** The end of one submission; remembers its outcome once it was seen. Thread-safe. */
final class HalCompletion implements Completion {
  private final HalQueue queue;
  private final long number;

  // Keeps the operator reachable, and with it the kernel, until the work has ended.
  @SuppressWarnings("UnusedVariable")
  private @Nullable Submission submission;

  private final Receipt receiptWithoutTime;
  private final BackendEvent event;
  private final @Nullable HalException refused;
  private List<HalCompletion> awaited;
  private boolean settled;
  private @Nullable HalException failure;
  private Optional<Duration> deviceTime = Optional.empty();

  /**
   * Creates the end of a submission.
   *
   * @param number position in the queue
   * @param event the backend's end
   * @param refused the failure when the backend did not take the submission
   * @param awaited completions of other queues that this one waits for
   */
  HalCompletion(
      HalQueue queue,
      long number,
      Submission submission,
      Receipt receiptWithoutTime,
      BackendEvent event,
      @Nullable HalException refused,
      List<HalCompletion> awaited) {
    this.queue = queue;
    this.number = number;
    this.submission = submission;
    this.receiptWithoutTime = receiptWithoutTime;
    this.event = event;
    this.refused = refused;
    this.awaited = awaited;
  }

  HalQueue queue() {
    return queue;
  }

  long number() {
    return number;
  }

  BackendEvent event() {
    return event;
  }

  /** Waits for this submission alone and records its outcome; never throws. */
  synchronized void settle() {
    if (settled) {
      return;
    }
    HalException own = refused;
    if (own == null) {
      try {
        event.await();
        deviceTime = event.deviceTime();
        // A backend is foreign code; a failure belongs to the submission, not to the waiting
        // thread.
      } catch (Throwable e) {
        own =
            Failures.of(
                e,
                "kernel " + receiptWithoutTime.kernel(),
                receiptWithoutTime.operator(),
                receiptWithoutTime.device());
      }
    }
    for (HalCompletion other : awaited) {
      // Ended already, because this submission waited for it.
      HalException cause = other.outcome();
      if (own == null && cause != null) {
        own = queue.poisoned(receiptWithoutTime.operator(), cause);
      }
    }
    failure = queue.judge(number, receiptWithoutTime.operator(), own);
    settled = true;
    awaited = List.of();
    submission = null;
  }

  /** Returns the failure, null when the submission succeeded; waits. */
  @Nullable HalException outcome() {
    queue.settleUpTo(this);
    synchronized (this) {
      return failure;
    }
  }

  synchronized boolean isSettled() {
    return settled;
  }

  @Override
  public void join() {
    HalException outcome = outcome();
    if (outcome != null) {
      queue.reported();
      throw outcome;
    }
  }

  @Override
  public boolean isDone() {
    if (isSettled() || refused != null) {
      return true;
    }
    try {
      return event.isDone();
      // A driver that fails to answer has ended; join tells how.
    } catch (Throwable e) {
      return true;
    }
  }

  @Override
  public Receipt receipt() {
    join();
    return new Receipt(
        receiptWithoutTime.operator(),
        receiptWithoutTime.backend(),
        receiptWithoutTime.device(),
        receiptWithoutTime.kernel(),
        receiptWithoutTime.evidence(),
        receiptWithoutTime.workspaceBytes(),
        measured(),
        receiptWithoutTime.notes());
  }

  private synchronized Optional<Duration> measured() {
    return deviceTime;
  }

  /** Creates the failure of something that comes after a failure in its queue. */
  static HalException afterFailure(String operator, String device, HalException first) {
    return new HalException(
        ErrorCode.QUEUE_POISONED,
        "an earlier submission of the queue failed: " + first.getMessage(),
        operator,
        device,
        "repair the cause and open another queue",
        first);
  }
}

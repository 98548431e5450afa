package org.touchstone.backends.hal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Tensor;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;

/**
 * An in-order queue. Submissions take a lock, so that a mistaken second thread, or the device that
 * is closed meanwhile, cannot corrupt it; waiting takes none.
 *
 * <p>Outcomes are settled in order: whoever waits for a submission first settles every earlier one,
 * so the first failure is found although nobody joined it.
 */
final class HalQueue implements Queue {
  private final HalDevice device;
  private final BackendQueue backend;
  private final Workspace workspace;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<HalCompletion> outstanding = new ArrayDeque<>();
  private final Object verdicts = new Object();
  private List<HalCompletion> awaited = new ArrayList<>();
  private long next;
  private volatile boolean closed;
  private @Nullable HalException poison;
  private long poisonedAt;
  private boolean reported;

  HalQueue(HalDevice device, BackendQueue backend, WorkspaceRules rules) {
    this.device = device;
    this.backend = backend;
    this.workspace = new Workspace(device, rules);
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public Completion copy(Tensor src, Tensor dst) {
    device.requireOpen();
    return submit(TensorCopy.of(src, dst, device));
  }

  /** Enqueues valid work. A backend's failure poisons the queue and is told by the completion. */
  HalCompletion submit(Submission submission) {
    lock.lock();
    try {
      requireOpen();
      settleEnded();
      requireHealthy(submission.operator());
      long need = need(submission);
      DeviceMemory scratch =
          workspace.reserve(need, submission.operator(), this::drain).unwrapped();
      BackendEvent event = BackendEvent.DONE;
      HalException refused = null;
      try {
        submission.enqueue(backend, scratch);
        event = backend.record();
        // A backend is foreign code, down to the driver's bindings.
      } catch (Throwable e) {
        refused =
            Failures.of(
                e, "launch of " + submission.kernel(), submission.operator(), device.info().uri());
      }
      HalCompletion completion =
          new HalCompletion(
              this, next++, submission, receipt(submission, need), event, refused, awaited);
      awaited = new ArrayList<>();
      synchronized (outstanding) {
        outstanding.add(completion);
      }
      if (refused != null) {
        judge(completion.number(), submission.operator(), refused);
      }
      return completion;
    } finally {
      lock.unlock();
    }
  }

  private long need(Submission submission) {
    try {
      return submission.workspaceBytes();
      // A backend is foreign code; nothing was submitted, so the queue stays healthy.
    } catch (Throwable e) {
      throw Failures.of(
          e,
          "computing the workspace of " + submission.kernel(),
          submission.operator(),
          device.info().uri());
    }
  }

  private Receipt receipt(Submission submission, long workspaceBytes) {
    List<String> notes = new ArrayList<>(device.notes());
    notes.addAll(submission.notes());
    return new Receipt(
        submission.operator(),
        device.info().backend(),
        device.info().uri(),
        submission.kernel(),
        submission.evidence(),
        workspaceBytes,
        Optional.empty(),
        notes);
  }

  @Override
  public void await(Completion completion) {
    lock.lock();
    try {
      requireOpen();
      requireHealthy("await");
      if (!(completion instanceof HalCompletion other)) {
        completion.join();
        return;
      }
      if (other.queue() == this) {
        return;
      }
      if (other.isSettled() || other.queue().device != device) {
        other.join();
        return;
      }
      try {
        backend.await(other.event());
        // A backend is foreign code.
      } catch (Throwable e) {
        throw Failures.of(e, "waiting for another queue", null, device.info().uri());
      }
      awaited.add(other);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for everything submitted, whatever its outcome. */
  private void drain() {
    HalCompletion last;
    synchronized (outstanding) {
      last = outstanding.peekLast();
    }
    if (last != null) {
      settleUpTo(last);
    }
  }

  /** Waits for a submission and everything before it. Any thread may call it. */
  void settleUpTo(HalCompletion last) {
    while (true) {
      HalCompletion head;
      synchronized (outstanding) {
        head = outstanding.peek();
      }
      if (head == null || head.number() > last.number()) {
        break;
      }
      head.settle();
      synchronized (outstanding) {
        if (outstanding.peek() == head) {
          outstanding.remove();
        }
      }
    }
    // Another thread may have taken it off the list and not have finished settling.
    last.settle();
  }

  /** Notices failures of what has ended, and forgets it. */
  private void settleEnded() {
    while (true) {
      HalCompletion head;
      synchronized (outstanding) {
        head = outstanding.peek();
      }
      if (head == null || !head.isDone()) {
        return;
      }
      settleUpTo(head);
    }
  }

  /**
   * Returns the final outcome of a submission: its own failure, or that of the first one before it.
   */
  @Nullable HalException judge(long number, String operator, @Nullable HalException own) {
    synchronized (verdicts) {
      HalException first = poison;
      if (own != null && (first == null || number < poisonedAt)) {
        poison = own;
        poisonedAt = number;
        return own;
      }
      if (first == null || number < poisonedAt) {
        return own;
      }
      return number == poisonedAt ? first : poisoned(operator, first);
    }
  }

  HalException poisoned(String operator, HalException first) {
    return HalCompletion.afterFailure(operator, device.info().uri(), first);
  }

  void reported() {
    synchronized (verdicts) {
      reported = true;
    }
  }

  private @Nullable HalException firstFailure() {
    synchronized (verdicts) {
      return poison;
    }
  }

  private void requireHealthy(String operator) {
    HalException first = firstFailure();
    if (first != null) {
      reported();
      throw poisoned(operator, first);
    }
  }

  private void requireOpen() {
    device.requireOpen();
    if (closed) {
      throw new HalException(
          ErrorCode.CLOSED,
          "the queue is closed",
          null,
          device.info().uri(),
          "keep it open while operators are submitted",
          null);
    }
  }

  @Override
  public void finish() {
    lock.lock();
    try {
      requireOpen();
      drain();
    } finally {
      lock.unlock();
    }
    HalException first = firstFailure();
    if (first != null) {
      reported();
      throw first;
    }
  }

  @Override
  public long workspaceBytes() {
    return workspace.bytes();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      device.forget(this);
      Closing.all(
          List.<AutoCloseable>of(this::drain, backend, workspace::release),
          "closing a queue",
          device.info().uri());
    } finally {
      lock.unlock();
    }
    HalException first = firstFailure();
    boolean told;
    synchronized (verdicts) {
      told = reported;
    }
    if (first != null && !told) {
      HalContext.LOG.log(
          System.Logger.Level.WARNING,
          "a queue was closed whose failure nobody asked for: " + first.getMessage());
    }
  }
}

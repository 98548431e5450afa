package org.touchstone.conformance.run;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.touchstone.api.HalException;
import org.touchstone.api.Queue;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Level;

/**
 * Runs items on one device, several at once, each within a time limit. Results come in the order of
 * the items, whatever order they ended in.
 */
public final class DeviceRun {
  private static final int REPEATS = 2;

  private final Session session;
  private final CaseRunner runner;
  private final Limits limits;
  private final Shrinking shrinking;
  private volatile Optional<String> hung = Optional.empty();

  /**
   * Limits of a run.
   *
   * @param lanes the most items at once
   * @param item time of one item
   * @param deadline {@link System#nanoTime} after which nothing is started
   */
  public record Limits(int lanes, Duration item, Optional<Long> deadline) {}

  /**
   * A finished item.
   *
   * @param item what ran
   * @param report what it showed
   * @param nanos how long it took
   */
  public record Finished(Item item, CaseReport report, long nanos) {}

  /** Creates a run that shrinks no failures. */
  public DeviceRun(Session session, Level level, Limits limits) {
    this(session, level, limits, Shrinking.NONE);
  }

  /** Creates a run. */
  public DeviceRun(Session session, Level level, Limits limits, Shrinking shrinking) {
    this.shrinking = shrinking;
    this.session = session;
    this.runner = new CaseRunner(session, level);
    this.limits = limits;
  }

  /**
   * Runs items.
   *
   * @param listener takes finished items in the order in which they end, one at a time
   */
  public List<Finished> run(List<Item> items, Consumer<Finished> listener) {
    AtomicInteger next = new AtomicInteger();
    AtomicReferenceArray<Finished> results = new AtomicReferenceArray<>(items.size());
    Object lock = new Object();
    Runnable lane =
        () -> {
          try (Worker worker = new Worker()) {
            for (int i = next.getAndIncrement(); i < items.size(); i = next.getAndIncrement()) {
              Finished finished = one(items.get(i), worker);
              results.set(i, finished);
              synchronized (lock) {
                listener.accept(finished);
              }
            }
          }
        };
    int lanes = Math.min(limits.lanes(), Math.max(1, items.size()));
    if (lanes == 1) {
      lane.run();
    } else {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < lanes; i++) {
        threads.add(Thread.ofPlatform().name("touchstone-lane-" + i).start(lane));
      }
      threads.forEach(DeviceRun::join);
    }
    List<Finished> ordered = new ArrayList<>();
    for (int i = 0; i < results.length(); i++) {
      ordered.add(results.get(i));
    }
    return ordered;
  }

  /**
   * Runs an item on the caller's thread, without a time limit: some drivers keep state of the
   * thread that opened the device.
   */
  public Finished here(Item item) {
    long start = System.nanoTime();
    CaseReport report = guarded(item);
    return new Finished(item, report, System.nanoTime() - start);
  }

  /** Returns whether an item did not end. */
  public boolean hung() {
    return hung.isPresent();
  }

  private static void join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Finished one(Item item, Worker worker) {
    long start = System.nanoTime();
    CaseReport report =
        shrinking.shrunk(
            item,
            limited(item, worker, start),
            candidate -> limited(candidate, worker, System.nanoTime()));
    return new Finished(item, report, System.nanoTime() - start);
  }

  private CaseReport limited(Item item, Worker worker, long start) {
    if (hung.isPresent()) {
      return CaseReport.without(Outcome.SKIPPED, "DEVICE_HUNG: " + hung.get());
    }
    if (limits.deadline().isPresent() && start - limits.deadline().get() >= 0) {
      return CaseReport.without(Outcome.SKIPPED, "BUDGET: the time budget of the run is used up");
    }
    Future<CaseReport> future = worker.threads.submit(() -> guarded(item));
    try {
      return future.get(limits.item().toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      future.cancel(true);
      hung = Optional.of(item.name() + " did not end");
      return CaseReport.without(
          Outcome.TIMEOUT, "the case did not end within " + limits.item().toSeconds() + " s");
    } catch (InterruptedException e) {
      future.cancel(true);
      Thread.currentThread().interrupt();
      hung = Optional.of("the run was interrupted");
      return CaseReport.without(Outcome.SKIPPED, "INTERRUPTED: the run was interrupted");
    } catch (ExecutionException e) {
      return CaseReport.without(Outcome.FAIL, "the suite failed: " + e.getCause());
    }
  }

  private CaseReport guarded(Item item) {
    CaseReport first = attempt(item);
    if (first.outcome() != Outcome.FAIL) {
      return first;
    }
    for (int i = 0; i < REPEATS; i++) {
      if (attempt(item).outcome() == Outcome.PASS) {
        return first.failing(
            Outcome.FLAKY, "failed once and passed when it was repeated: " + first.reason());
      }
    }
    return first;
  }

  /** Runs an item once; whatever is thrown becomes a report. */
  public CaseReport attempt(Item item) {
    long before = session.observation().usage().liveBytes();
    try {
      CaseReport report;
      try (Queue queue = session.device().openQueue()) {
        report = item.run(new Lane(session, runner, queue));
      }
      return limits.lanes() == 1 && !report.outcome().failing()
          ? afterwards(report, before)
          : report;
    } catch (HalException e) {
      return CaseReport.without(CaseRunner.outcome(e.code()), String.valueOf(e.getMessage()));
    } catch (OutOfMemoryError e) {
      return CaseReport.without(Outcome.OOM, "the host's heap is exhausted: " + e.getMessage());
      // Cases, references and backends are foreign code here: one of them must not end the run.
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      return CaseReport.without(Outcome.FAIL, "the case or the reference failed: " + place(e));
    }
  }

  /** Looks at what only shows when everything of an item is released. */
  private CaseReport afterwards(CaseReport report, long before) {
    List<String> violations = session.observation().violations();
    if (!violations.isEmpty()) {
      return report.failing(Outcome.FAIL, violations.getFirst());
    }
    long left = session.observation().usage().liveBytes() - before;
    return left == 0
        ? report
        : report.failing(Outcome.FAIL, "leaves " + left + " bytes of device memory behind");
  }

  private static String place(Throwable failure) {
    StackTraceElement[] trace = failure.getStackTrace();
    return failure + (trace.length == 0 ? "" : " at " + trace[0]);
  }

  /** A thread that is left alone when it hangs. */
  private static final class Worker implements AutoCloseable {
    private final ExecutorService threads =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("touchstone-case").factory());

    @Override
    public void close() {
      threads.shutdownNow();
    }
  }
}

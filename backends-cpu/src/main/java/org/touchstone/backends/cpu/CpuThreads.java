package org.touchstone.backends.cpu;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.config.Configuration;

/**
 * A fixed pool of threads for one device. One parallel region runs at a time: a region that finds
 * the pool busy runs in its own thread, so a host program that is parallel itself is not
 * oversubscribed. Tasks are handed out by a counter; results must not depend on which thread runs a
 * task.
 */
public final class CpuThreads implements AutoCloseable {
  /** Work, in rough element operations, below which waking threads costs more than it gains. */
  private static final long WORTH_WAKING = 1L << 17;

  /**
   * Polls of an idle worker before it parks: bridges the gap between two operators of one token.
   */
  private static final int POLLS_BEFORE_PARKING = 2_000;

  private final Thread[] workers;
  private final ReentrantLock region = new ReentrantLock();
  private volatile @Nullable Region current;
  private volatile boolean closed;

  /** One parallel loop. */
  private static final class Region {
    final long tasks;
    final LongConsumer body;
    final AtomicLong next = new AtomicLong();
    final AtomicLong finished = new AtomicLong();
    final AtomicReference<Throwable> failure = new AtomicReference<>();
    final Thread owner = Thread.currentThread();

    Region(long tasks, LongConsumer body) {
      this.tasks = tasks;
      this.body = body;
    }

    void work() {
      for (long task = next.getAndIncrement(); task < tasks; task = next.getAndIncrement()) {
        long done = 1;
        try {
          body.accept(task);
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e);
          done += Math.max(0, tasks - next.getAndSet(tasks));
        }
        if (finished.addAndGet(done) == tasks) {
          LockSupport.unpark(owner);
        }
      }
    }
  }

  /** Starts {@code threads - 1} workers; the submitting thread is the last one. */
  public CpuThreads(int threads) {
    workers = new Thread[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = Thread.ofPlatform().daemon().name("touchstone-cpu-" + i).start(this::serve);
    }
  }

  /**
   * Returns the configured number of threads: {@code cpu.threads}, by default one per processor.
   */
  public static int configured(Configuration configuration) {
    return (int)
        configuration.number(
            CpuSettings.THREADS.name(), Runtime.getRuntime().availableProcessors(), 1, 1024);
  }

  /** Returns the number of threads, the submitting one included. */
  public int count() {
    return workers.length + 1;
  }

  /**
   * Runs a body for task numbers 0 to {@code tasks - 1} and waits.
   *
   * @param costPerTask rough element operations per task; small regions stay in the calling thread
   */
  public void forEach(long tasks, long costPerTask, LongConsumer body) {
    boolean small = tasks <= 1 || tasks * Math.max(1, costPerTask) < WORTH_WAKING;
    if (small || workers.length == 0 || region.isHeldByCurrentThread() || !region.tryLock()) {
      for (long task = 0; task < tasks; task++) {
        body.accept(task);
      }
      return;
    }
    try {
      share(tasks, body);
    } finally {
      region.unlock();
    }
  }

  private void share(long tasks, LongConsumer body) {
    Region mine = new Region(tasks, body);
    current = mine;
    for (Thread worker : workers) {
      LockSupport.unpark(worker);
    }
    mine.work();
    int polls = 0;
    while (mine.finished.get() < tasks) {
      if (++polls < POLLS_BEFORE_PARKING) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, 50_000);
      }
    }
    current = null;
    Throwable failure = mine.failure.get();
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }

  private void serve() {
    Region last = null;
    int polls = 0;
    while (!closed) {
      Region next = current;
      if (next == null || next == last) {
        if (++polls < POLLS_BEFORE_PARKING) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
        continue;
      }
      polls = 0;
      last = next;
      next.work();
    }
  }

  /** Stops the workers. */
  @Override
  public void close() {
    closed = true;
    for (Thread worker : workers) {
      LockSupport.unpark(worker);
    }
  }
}

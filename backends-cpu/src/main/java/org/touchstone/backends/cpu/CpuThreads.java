package org.touchstone.backends.cpu;

import java.util.Locale;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.cpu.micro.NativeLibrary;
import org.touchstone.backends.spi.BackendContext;

/**
 * A fixed pool of threads for one device. No more threads than it has compute at once, whoever they
 * belong to: a host program that is parallel itself is not oversubscribed. One region is shared
 * with the workers at a time; a region that finds them busy runs in its own thread, and one that
 * finds as many threads at work as the pool has waits. Regions too small to be worth waking a
 * worker are exempt. Tasks are handed out by a counter; results must not depend on which thread
 * runs a task.
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

  /** A permit per thread that may compute; fair, so that no host thread waits for ever. */
  private final Semaphore permits;

  /** Whether the calling thread has a permit: regions within regions need no second one. */
  private final ThreadLocal<Boolean> computing = ThreadLocal.withInitial(() -> false);

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

  /** Places a worker on a processor. */
  interface Pinning {
    /** Leaves workers where the operating system puts them. */
    Pinning NONE = worker -> Optional.empty();

    /**
     * Ties the calling thread to a processor.
     *
     * @param worker its number; the processors that this process may use are taken in turn
     * @return why that is impossible; empty when it was done
     */
    Optional<String> pin(int worker);
  }

  /** Starts {@code threads - 1} workers; the submitting thread is the last one. */
  public CpuThreads(int threads) {
    this(threads, Pinning.NONE, problem -> {});
  }

  /**
   * As {@link #CpuThreads(int)}, with workers on processors of their own.
   *
   * @param problems takes why a worker could not be placed, before this returns
   */
  CpuThreads(int threads, Pinning pinning, Consumer<String> problems) {
    permits = new Semaphore(threads, true);
    workers = new Thread[threads - 1];
    Queue<String> found = new ConcurrentLinkedQueue<>();
    CountDownLatch placed = new CountDownLatch(workers.length);
    for (int i = 0; i < workers.length; i++) {
      // The submitting thread, which is the host's and stays free, is left the first processor.
      int worker = i + 1;
      workers[i] =
          Thread.ofPlatform()
              .daemon()
              .name("touchstone-cpu-" + i)
              .start(
                  () -> {
                    pinning.pin(worker).ifPresent(found::add);
                    placed.countDown();
                    serve();
                  });
    }
    try {
      placed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    found.stream().distinct().forEach(problems);
  }

  /**
   * Returns the configured number of threads: {@code cpu.threads}, by default one per processor.
   */
  public static int configured(Configuration configuration) {
    return (int)
        configuration.number(
            CpuSettings.THREADS.name(), Runtime.getRuntime().availableProcessors(), 1, 1024);
  }

  /** Opens the pool of a device as its settings ask: size, and workers pinned or not. */
  static CpuThreads open(BackendContext context) {
    int threads = configured(context.configuration());
    if (!pinned(context.configuration())) {
      return new CpuThreads(threads);
    }
    NativeLibrary library = NativeLibrary.load(context.nativeLibraries());
    return new CpuThreads(
        threads,
        library::pinCallingThread,
        problem ->
            context.notice(
                "touchstone.cpu.pin asks for pinned threads, but "
                    + ReasonCode.CAPABILITY
                    + ": "
                    + problem));
  }

  /** Returns whether workers are to be pinned: {@code cpu.pin}. */
  static boolean pinned(Configuration configuration) {
    return switch (configuration
        .setting(CpuSettings.PIN)
        .value()
        .strip()
        .toLowerCase(Locale.ROOT)) {
      case "off" -> false;
      case "on" -> true;
      default ->
          throw new HalException(
              ErrorCode.CONFIGURATION,
              "setting cpu.pin is '"
                  + configuration.setting(CpuSettings.PIN).value()
                  + "', expected on or off");
    };
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
    if (small || computing.get()) {
      inOrder(tasks, body);
      return;
    }
    permits.acquireUninterruptibly();
    computing.set(true);
    try {
      if (workers.length == 0 || !region.tryLock()) {
        inOrder(tasks, body);
        return;
      }
      try {
        share(tasks, body);
      } finally {
        region.unlock();
      }
    } finally {
      computing.set(false);
      permits.release();
    }
  }

  private static void inOrder(long tasks, LongConsumer body) {
    for (long task = 0; task < tasks; task++) {
      body.accept(task);
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
    computing.set(true);
    while (!closed) {
      Region next = current;
      // Without a permit, host threads keep every processor busy already.
      if (next == null || next == last || !permits.tryAcquire()) {
        if (++polls < POLLS_BEFORE_PARKING) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
        continue;
      }
      polls = 0;
      last = next;
      try {
        next.work();
      } finally {
        permits.release();
      }
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

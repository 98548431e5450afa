package org.touchstone.backends.testing;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;

/** Runs work at once, or in order on a thread of its own. */
public final class FakeQueue implements BackendQueue {
  /** When work runs. */
  public enum Execution {
    /** Before the submission returns. */
    IMMEDIATE,
    /** Later, on the queue's own thread. */
    DEFERRED
  }

  private final ExecutorService thread;
  private final Execution execution;
  private final AtomicLong copies = new AtomicLong();
  private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

  FakeQueue(Execution execution) {
    this.execution = execution;
    this.thread =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("fake-queue").factory());
  }

  /** Enqueues work. */
  public void enqueue(Runnable work) {
    if (execution == Execution.IMMEDIATE) {
      work.run();
      return;
    }
    last = CompletableFuture.runAsync(work, thread);
  }

  /** Returns how many blocks of rows were copied. */
  public long copies() {
    return copies.get();
  }

  @Override
  public void copy(CopyRows rows) {
    if (rows.rows() < 1
        || rows.rowBytes() < 1
        || rows.src().pitch() < rows.rowBytes()
        || rows.dst().pitch() < rows.rowBytes()
        || (rows.src().memory() == null && rows.dst().memory() == null)) {
      throw new AssertionError("not a legal copy: " + rows);
    }
    copies.incrementAndGet();
    enqueue(
        () -> {
          for (long row = 0; row < rows.rows(); row++) {
            MemorySegment.copy(
                bytes(rows.src()),
                rows.src().offset() + row * rows.src().pitch(),
                bytes(rows.dst()),
                rows.dst().offset() + row * rows.dst().pitch(),
                rows.rowBytes());
          }
        });
  }

  private static MemorySegment bytes(CopyRows.End end) {
    if (end.memory() instanceof FakeMemory memory) {
      return memory.bytesOnDevice();
    }
    if (end.host() == null) {
      throw new AssertionError("an end without memory: " + end);
    }
    return end.host();
  }

  @Override
  public BackendEvent record() {
    return new Event(last);
  }

  @Override
  public void await(BackendEvent event) {
    enqueue(event::await);
  }

  @Override
  public void close() {
    thread.close();
  }

  private record Event(CompletableFuture<Void> work) implements BackendEvent {
    @Override
    public boolean isDone() {
      return work.isDone();
    }

    @Override
    public void await() {
      try {
        work.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        if (e.getCause() instanceof Error cause) {
          throw cause;
        }
        throw e;
      }
    }

    @Override
    public Optional<Duration> deviceTime() {
      return Optional.of(Duration.ofNanos(42));
    }
  }
}

package org.touchstone.backends.cuda.sim.driver;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.sim.exec.Schedule;
import org.touchstone.backends.cuda.sim.memory.LaunchOrder;

/**
 * The streams of a context and the order between them.
 *
 * <p>With the deterministic schedule work runs when it is enqueued. With the adversarial one it
 * waits until somebody synchronises, and then runs in a random order that streams and events allow.
 * Either way each piece of work carries a clock of what happened before it, by which accesses that
 * nothing orders are found though they ran one after the other.
 *
 * <p>Guarded by the context's lock.
 */
final class Streams {
  private static final int NUMBERS = 1 << 16;

  /** A stream. */
  static final class Stream implements CudaDriver.Stream {
    final int index;
    final Deque<Work> queue = new ArrayDeque<>();
    StreamClock clock = StreamClock.NONE;
    int sequence;
    boolean destroyed;

    Stream(int index) {
      this.index = index;
    }
  }

  /** An event: what its last record stands for. */
  static final class Event implements CudaDriver.Event {
    final CudaDriver.Timing timing;
    @Nullable Work record;
    boolean destroyed;

    Event(CudaDriver.Timing timing) {
      this.timing = timing;
    }
  }

  /** A piece of work in a stream. */
  static final class Work {
    private final Stream stream;
    private final int sequence;
    private final StreamClock before;
    private final @Nullable Body body;
    private final @Nullable Work awaited;
    boolean done;
    long nanos;

    private Work(
        Stream stream,
        int sequence,
        StreamClock before,
        @Nullable Body body,
        @Nullable Work awaited) {
      this.stream = stream;
      this.sequence = sequence;
      this.before = before;
      this.body = body;
      this.awaited = awaited;
    }

    /** Returns what is done once this work is. */
    StreamClock after() {
      return before.with(stream.index, sequence);
    }
  }

  /** What a piece of work does. */
  interface Body {
    /**
     * Runs.
     *
     * @param number the work's number, by which memory remembers who accessed it
     * @param order what happened before
     */
    void run(int number, LaunchOrder order);
  }

  private final List<Stream> live = new ArrayList<>();
  private final Deque<Stream> destroyed = new ArrayDeque<>();
  private final @Nullable Work[] numbered = new Work[NUMBERS];
  private final java.util.function.IntSupplier numbers;
  private final boolean deferred;
  private final Random random;
  private int created;
  private StreamClock host = StreamClock.NONE;
  private @Nullable CudaException failure;

  Streams(Schedule schedule, java.util.function.IntSupplier numbers) {
    this.numbers = numbers;
    this.deferred = schedule.adversarial();
    this.random = new Random(schedule.seed());
  }

  Stream create() {
    // Clocks have an entry per index: a destroyed stream's is used again, its numbers going on.
    Stream old = destroyed.poll();
    Stream s = new Stream(old == null ? created++ : old.index);
    s.sequence = old == null ? 0 : old.sequence;
    live.add(s);
    return s;
  }

  List<Stream> live() {
    return live;
  }

  /** Fails with the first failure of the context, if there was one. */
  void check() {
    if (failure != null) {
      throw failure;
    }
  }

  void fail(CudaException e) {
    failure = failure == null ? e : failure;
  }

  void destroy(Stream stream) {
    finish(stream);
    stream.destroyed = true;
    live.remove(stream);
    destroyed.add(stream);
  }

  /** Enqueues work, and runs it unless the schedule defers it. */
  Work enqueue(Stream stream, @Nullable Body body, @Nullable Work awaited) {
    StreamClock before = stream.clock.join(host);
    if (awaited != null) {
      before = before.join(awaited.after());
    }
    Work work = new Work(stream, ++stream.sequence, before, body, awaited);
    stream.clock = work.after();
    stream.queue.add(work);
    if (!deferred) {
      finish(stream);
    }
    return work;
  }

  /** Runs until the stream has no work left; the host knows of it from then on. */
  void synchronise(Stream stream) {
    finish(stream);
    host = host.join(stream.clock);
  }

  void synchroniseAll() {
    for (Stream s : List.copyOf(live)) {
      synchronise(s);
    }
  }

  /** Runs until the work is done; the host knows of it from then on. */
  void synchronise(Work work) {
    while (!work.done) {
      step(work.stream);
    }
    host = host.join(work.after());
  }

  /** Runs a piece of work if this one is not done, and says whether it is. */
  boolean query(Work work) {
    if (!work.done) {
      step(work.stream);
    }
    if (work.done) {
      host = host.join(work.after());
    }
    return work.done;
  }

  /** Runs a piece of the stream's work, and says whether all of it is done. */
  boolean query(Stream stream) {
    if (!stream.queue.isEmpty()) {
      step(stream);
    }
    if (stream.queue.isEmpty()) {
      host = host.join(stream.clock);
    }
    return stream.queue.isEmpty();
  }

  private void finish(Stream stream) {
    while (!stream.queue.isEmpty()) {
      step(stream);
    }
  }

  /** Runs one piece of work that may run now, preferring none but by chance. */
  private void step(Stream wanted) {
    if (!deferred && isReady(wanted)) {
      run(wanted);
      return;
    }
    List<Stream> ready = new ArrayList<>();
    for (Stream s : live) {
      if (isReady(s)) {
        ready.add(s);
      }
    }
    if (ready.isEmpty()) {
      throw new IllegalStateException("streams wait for each other, " + wanted.index + " first");
    }
    run(deferred ? ready.get(random.nextInt(ready.size())) : ready.getFirst());
  }

  private static boolean isReady(Stream stream) {
    Work head = stream.queue.peek();
    return head != null && (head.awaited == null || head.awaited.done);
  }

  private void run(Stream stream) {
    Work work = stream.queue.remove();
    work.done = true;
    Body body = work.body;
    if (body != null && failure == null) {
      int number = numbers.getAsInt();
      numbered[number] = work;
      try {
        body.run(number, earlier -> before(work, earlier));
      } catch (CudaException e) {
        fail(e);
      }
    }
    work.nanos = System.nanoTime();
  }

  private boolean before(Work work, int earlier) {
    Work other = numbered[earlier];
    return other == null || work.before.covers(other.stream.index, other.sequence);
  }
}

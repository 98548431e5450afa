package org.touchstone.conformance.mutants;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** A device whose queues copy as late as they may. */
record LazyDevice(BackendDevice device, Order order) implements DelegatingDevice {
  /** What its queues do when they are told to wait for each other. */
  enum Order {
    KEPT,
    /** This is a defect. */
    IGNORED
  }

  @Override
  public BackendQueue openQueue() {
    return new LazyQueue(device.openQueue(), order);
  }

  @Override
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return device.plan(spec) instanceof Plan.Runs<A> runs
        ? new Plan.Runs<>(runs.kernel(), runs.traits(), () -> new Direct<>(runs.build().get()))
        : device.plan(spec);
  }

  /** A kernel that gets the queue it knows. */
  private record Direct<A extends Args>(Kernel<A> kernel) implements DelegatingKernel<A> {
    @Override
    public void launch(BackendQueue queue, A args, DeviceMemory workspace) {
      kernel.launch(((LazyQueue) queue).upToDate(), args, workspace);
    }
  }

  private static final class LazyQueue implements BackendQueue {
    private final BackendQueue queue;
    private final Order order;
    private final Deque<CopyRows> waiting = new ArrayDeque<>();

    LazyQueue(BackendQueue queue, Order order) {
      this.queue = queue;
      this.order = order;
    }

    synchronized BackendQueue upToDate() {
      for (CopyRows rows = waiting.poll(); rows != null; rows = waiting.poll()) {
        queue.copy(rows);
      }
      return queue;
    }

    @Override
    public synchronized void copy(CopyRows rows) {
      waiting.add(rows);
    }

    @Override
    public BackendEvent record() {
      return new LateEvent(this);
    }

    @Override
    public void await(BackendEvent event) {
      if (order == Order.KEPT) {
        event.await();
      }
    }

    @Override
    public void close() {
      upToDate();
      queue.close();
    }
  }

  /** The end of copies that are made when somebody waits for it. */
  private static final class LateEvent implements BackendEvent {
    private final LazyQueue queue;
    private volatile Optional<BackendEvent> event = Optional.empty();

    LateEvent(LazyQueue queue) {
      this.queue = queue;
    }

    @Override
    public boolean isDone() {
      return event.filter(BackendEvent::isDone).isPresent();
    }

    @Override
    public void await() {
      BackendEvent end = queue.upToDate().record();
      end.await();
      event = Optional.of(end);
    }

    @Override
    public Optional<Duration> deviceTime() {
      return Optional.empty();
    }
  }
}

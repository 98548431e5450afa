package org.touchstone.backends.opencl.driver;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jocl.CL;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.spi.BackendEvent;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;

/** An in-order command queue with profiling. Used by one thread at a time. */
final class OpenClQueue implements BackendQueue {
  /** Points that may be unsettled before settled ones are dropped from the list. */
  private static final int SWEEP = 64;

  private final cl_command_queue queue;
  private final boolean checked;
  private final StagedCopy copies;
  private final Set<OpenClEvent> points = new LinkedHashSet<>();
  private List<cl_event> commands = new ArrayList<>();
  private @Nullable OpenClEvent last;

  OpenClQueue(OpenClContext context) {
    this.queue = context.createQueue();
    this.checked = Oclgrind.runs(context.facts());
    this.copies = new StagedCopy(context, this);
  }

  cl_command_queue handle() {
    return queue;
  }

  /** Creates the event of a command that is about to be enqueued. */
  cl_event event() {
    return new cl_event();
  }

  /** Takes over the event of a command that was enqueued. */
  void enqueued(cl_event event) {
    LiveObjects.created(LiveObjects.Kind.EVENT);
    commands.add(event);
  }

  @Override
  public void copy(CopyRows rows) {
    copies.copy(rows);
    if (checked && rows.dst().memory() instanceof OpenClMemory written) {
      Oclgrind.rewrite(queue, written.buffer());
    }
  }

  @Override
  public BackendEvent record() {
    if (commands.isEmpty()) {
      OpenClEvent before = last;
      return before == null ? BackendEvent.DONE : new Untimed(before);
    }
    OpenClEvent point = new OpenClEvent(commands);
    commands = new ArrayList<>();
    last = point;
    points.add(point);
    sweep();
    ClStatus.check(CL.clFlush(queue), "clFlush");
    return point;
  }

  private void sweep() {
    if (points.size() <= SWEEP) {
      return;
    }
    for (Iterator<OpenClEvent> each = points.iterator(); each.hasNext(); ) {
      OpenClEvent point = each.next();
      if (!point.isDone()) {
        return;
      }
      point.settle();
      each.remove();
    }
  }

  @Override
  public void await(BackendEvent event) {
    switch (event) {
      case OpenClEvent point -> point.whileRunning(this::barrier);
      case Untimed untimed -> untimed.point().whileRunning(this::barrier);
      default -> event.await();
    }
  }

  private void barrier(cl_event awaited) {
    cl_event event = event();
    ClStatus.check(
        CL.clEnqueueBarrierWithWaitList(queue, 1, new cl_event[] {awaited}, event),
        "clEnqueueBarrierWithWaitList");
    enqueued(event);
  }

  @Override
  public void close() {
    CL.clFinish(queue);
    if (!commands.isEmpty()) {
      points.add(new OpenClEvent(commands));
      commands = new ArrayList<>();
    }
    points.forEach(OpenClEvent::settle);
    points.clear();
    copies.close();
    OpenClContext.release(queue);
  }

  /** A point with no command of its own since the one before. */
  private record Untimed(OpenClEvent point) implements BackendEvent {
    @Override
    public boolean isDone() {
      return point.isDone();
    }

    @Override
    public void await() {
      point.await();
    }

    @Override
    public java.util.Optional<java.time.Duration> deviceTime() {
      return java.util.Optional.of(java.time.Duration.ZERO);
    }
  }
}

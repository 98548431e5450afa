package org.touchstone.backends.opencl.driver;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_event;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendEvent;

/**
 * The end of the commands since the previous point of a queue. Releases the driver's events as soon
 * as their outcome is known. Thread-safe.
 */
final class OpenClEvent implements BackendEvent {
  private final List<cl_event> commands;
  private boolean settled;
  private @Nullable HalException failure;
  private Optional<Duration> deviceTime = Optional.empty();

  /** Takes over the events of at least one command. */
  OpenClEvent(List<cl_event> commands) {
    this.commands = List.copyOf(commands);
  }

  @Override
  public synchronized boolean isDone() {
    // The queue is in order, so the last command ends last; an error is a negative status.
    return settled || status(commands.getLast()) <= CL.CL_COMPLETE;
  }

  @Override
  public synchronized void await() {
    settle();
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public synchronized Optional<Duration> deviceTime() {
    return deviceTime;
  }

  /** Waits and releases the driver's events; remembers a failure instead of throwing it. */
  synchronized void settle() {
    if (settled) {
      return;
    }
    int waited = CL.clWaitForEvents(1, new cl_event[] {commands.getLast()});
    failure = firstFailure(waited);
    if (failure == null) {
      deviceTime = measure();
    }
    settled = true;
    for (cl_event command : commands) {
      CL.clReleaseEvent(command);
      LiveObjects.released(LiveObjects.Kind.EVENT);
    }
  }

  /** Runs an action on the driver's event unless the point is passed. */
  synchronized void whileRunning(java.util.function.Consumer<cl_event> action) {
    if (!settled) {
      action.accept(commands.getLast());
    }
  }

  private @Nullable HalException firstFailure(int waited) {
    for (cl_event command : commands) {
      int status = status(command);
      if (status < 0) {
        return ClStatus.failure(status, "a command", null);
      }
    }
    return waited == CL.CL_SUCCESS ? null : ClStatus.failure(waited, "clWaitForEvents", null);
  }

  private static int status(cl_event command) {
    int[] status = new int[1];
    int answer =
        CL.clGetEventInfo(
            command, CL.CL_EVENT_COMMAND_EXECUTION_STATUS, Integer.BYTES, Pointer.to(status), null);
    return answer == CL.CL_SUCCESS ? status[0] : answer;
  }

  private Optional<Duration> measure() {
    long nanoseconds = 0;
    for (cl_event command : commands) {
      long[] start = new long[1];
      long[] end = new long[1];
      if (profile(command, CL.CL_PROFILING_COMMAND_START, start) != CL.CL_SUCCESS
          || profile(command, CL.CL_PROFILING_COMMAND_END, end) != CL.CL_SUCCESS) {
        return Optional.empty();
      }
      nanoseconds += Math.max(0, end[0] - start[0]);
    }
    return Optional.of(Duration.ofNanos(nanoseconds));
  }

  private static int profile(cl_event command, int what, long[] answer) {
    return CL.clGetEventProfilingInfo(command, what, Long.BYTES, Pointer.to(answer), null);
  }
}

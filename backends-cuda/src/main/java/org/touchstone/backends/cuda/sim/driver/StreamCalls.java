package org.touchstone.backends.cuda.sim.driver;

import java.util.List;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.exec.Options;

/** Calls about streams and events. */
abstract class StreamCalls extends MemoryCalls {
  StreamCalls(List<DeviceProfile> profiles, Options options) {
    super(profiles, options);
  }

  @Override
  public Stream streamCreate() {
    SimContext c = context("cuStreamCreate");
    synchronized (c) {
      return c.streams.create();
    }
  }

  @Override
  public void streamDestroy(Stream stream) {
    SimContext c = context("cuStreamDestroy");
    synchronized (c) {
      c.streams.destroy(alive("cuStreamDestroy", stream));
    }
  }

  @Override
  public void streamSynchronize(Stream stream) {
    SimContext c = context("cuStreamSynchronize");
    synchronized (c) {
      c.streams.synchronise(alive("cuStreamSynchronize", stream));
      c.streams.check();
    }
  }

  @Override
  public boolean streamQuery(Stream stream) {
    SimContext c = context("cuStreamQuery");
    synchronized (c) {
      boolean done = c.streams.query(alive("cuStreamQuery", stream));
      c.streams.check();
      return done;
    }
  }

  @Override
  public void streamWaitEvent(Stream stream, Event event) {
    SimContext c = context("cuStreamWaitEvent");
    synchronized (c) {
      Streams.Work record = alive("cuStreamWaitEvent", event).record;
      if (record != null) {
        c.streams.enqueue(alive("cuStreamWaitEvent", stream), null, record);
      }
    }
  }

  @Override
  public Event eventCreate(Timing timing) {
    context("cuEventCreate");
    return new Streams.Event(timing);
  }

  @Override
  public void eventDestroy(Event event) {
    context("cuEventDestroy");
    alive("cuEventDestroy", event).destroyed = true;
  }

  @Override
  public void eventRecord(Event event, Stream stream) {
    SimContext c = context("cuEventRecord");
    synchronized (c) {
      alive("cuEventRecord", event).record =
          c.streams.enqueue(alive("cuEventRecord", stream), null, null);
    }
  }

  @Override
  public boolean eventQuery(Event event) {
    SimContext c = context("cuEventQuery");
    synchronized (c) {
      Streams.Work record = alive("cuEventQuery", event).record;
      if (record == null) {
        return true;
      }
      boolean done = c.streams.query(record);
      c.streams.check();
      return done;
    }
  }

  @Override
  public void eventSynchronize(Event event) {
    SimContext c = context("cuEventSynchronize");
    synchronized (c) {
      Streams.Work record = alive("cuEventSynchronize", event).record;
      if (record != null) {
        c.streams.synchronise(record);
      }
      c.streams.check();
    }
  }

  @Override
  public float eventElapsedTime(Event start, Event end) {
    String call = "cuEventElapsedTime";
    context(call);
    Streams.Event first = alive(call, start);
    Streams.Event last = alive(call, end);
    Streams.Work a = first.record;
    Streams.Work b = last.record;
    if (a == null || b == null || first.timing != Timing.ENABLED || last.timing != Timing.ENABLED) {
      throw error(call, CudaResult.INVALID_HANDLE, "both events need a record and times");
    }
    if (!a.done || !b.done) {
      throw error(call, CudaResult.NOT_READY, "the events have not been passed");
    }
    return (b.nanos - a.nanos) / 1e6f;
  }
}

package org.touchstone.backends.cuda.sim.driver;

import java.util.Arrays;

/** How far each stream's work has come, as somebody knows it: a vector clock. Immutable. */
final class StreamClock {
  static final StreamClock NONE = new StreamClock(new int[0]);

  private final int[] done;

  private StreamClock(int[] done) {
    this.done = done;
  }

  /** Says whether a piece of work of a stream is known to be done. */
  boolean covers(int stream, int sequence) {
    return stream < done.length && done[stream] >= sequence;
  }

  /** Returns what this one and the other know together. */
  StreamClock join(StreamClock other) {
    if (other.done.length == 0 || other == this) {
      return this;
    }
    int[] joined = Arrays.copyOf(done, Math.max(done.length, other.done.length));
    for (int i = 0; i < other.done.length; i++) {
      joined[i] = Math.max(joined[i], other.done[i]);
    }
    return new StreamClock(joined);
  }

  /** Returns the same with a stream's work up to a sequence number. */
  StreamClock with(int stream, int sequence) {
    int[] copy = Arrays.copyOf(done, Math.max(done.length, stream + 1));
    copy[stream] = Math.max(copy[stream], sequence);
    return new StreamClock(copy);
  }
}

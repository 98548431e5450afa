package org.touchstone.backends.opencl.driver;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Counts the objects of the driver that are not released, over the whole process. Thread-safe. */
public final class LiveObjects {
  /** Kinds of objects. */
  public enum Kind {
    /** {@code cl_context}. */
    CONTEXT,
    /** {@code cl_command_queue}. */
    QUEUE,
    /** {@code cl_mem}. */
    MEMORY,
    /** {@code cl_program}. */
    PROGRAM,
    /** {@code cl_kernel}. */
    KERNEL,
    /** {@code cl_event}. */
    EVENT
  }

  private static final Map<Kind, Long> COUNTS = new ConcurrentHashMap<>();

  private LiveObjects() {}

  static void created(Kind kind) {
    COUNTS.merge(kind, 1L, Long::sum);
  }

  static void released(Kind kind) {
    COUNTS.merge(kind, -1L, Long::sum);
  }

  /** Returns the number of live objects of each kind that has any. */
  public static Map<Kind, Long> counts() {
    Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    COUNTS.forEach(
        (kind, count) -> {
          if (count != 0) {
            counts.put(kind, count);
          }
        });
    return counts;
  }
}

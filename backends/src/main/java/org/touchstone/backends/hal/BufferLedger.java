package org.touchstone.backends.hal;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.MemoryUse;

/** Counts a device's buffers and knows which are open. Thread-safe. */
final class BufferLedger {
  private static final int FRAMES = 8;

  /** Frames between the program's call and the place where the stack is captured. */
  private static final Set<String> OWN_CLASSES =
      Set.of(BufferLedger.class.getName(), HalDevice.class.getName());

  private final Set<HalBuffer> open = new HashSet<>();
  private long bytes;
  private long peak;
  private long workspace;

  synchronized void opened(HalBuffer buffer) {
    open.add(buffer);
    bytes += buffer.ownedBytes();
    peak = Math.max(peak, bytes);
  }

  synchronized void closed(HalBuffer buffer) {
    if (open.remove(buffer)) {
      bytes -= buffer.ownedBytes();
    }
  }

  synchronized void workspaceChanged(long by) {
    workspace += by;
  }

  synchronized MemoryUse use() {
    return new MemoryUse(open.size(), bytes, peak, workspace);
  }

  synchronized List<HalBuffer> stillOpen() {
    return List.copyOf(open);
  }

  /** Says how many buffers were left open and, as far as it was recorded, where they come from. */
  static String report(String device, List<HalBuffer> leaked) {
    long sum = 0;
    Map<String, Integer> sites = new HashMap<>();
    for (HalBuffer buffer : leaked) {
      sum += buffer.bytes();
      Throwable site = buffer.site();
      if (site != null) {
        sites.merge(render(site), 1, Integer::sum);
      }
    }
    StringBuilder text =
        new StringBuilder(
            device
                + " was closed with "
                + leaked.size()
                + " buffers ("
                + sum
                + " bytes) left open");
    if (sites.isEmpty()) {
      return text.append("; set touchstone.leaks=trace to see where they were allocated")
          .toString();
    }
    sites.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            site ->
                text.append("\n  ").append(site.getValue()).append(" x ").append(site.getKey()));
    return text.toString();
  }

  private static String render(Throwable site) {
    StringBuilder text = new StringBuilder();
    int frames = 0;
    for (StackTraceElement frame : site.getStackTrace()) {
      boolean own = OWN_CLASSES.contains(frame.getClassName());
      if (!own && frames++ < FRAMES) {
        text.append(frames == 1 ? "at " : "\n      at ").append(frame);
      }
    }
    return text.toString();
  }

  /** Captures where a buffer is allocated. */
  static @Nullable Throwable site(Leaks leaks) {
    return leaks == Leaks.TRACE ? new Throwable("allocated here") : null;
  }

  /** What is recorded about buffers. */
  enum Leaks {
    /** How many are open. */
    COUNT,
    /** Also where each was allocated. */
    TRACE
  }
}

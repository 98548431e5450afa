package org.touchstone.backends.hal;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/** What host memory must be like before a backend sees it. */
final class HostSegments {
  /** Not any thread's own: what it cannot access, a backend's threads cannot either. */
  private static final Thread STRANGER = Thread.ofPlatform().unstarted(() -> {});

  private HostSegments() {}

  /** Drivers take addresses, and heap memory has none that lasts. */
  static void requireNative(MemorySegment host, @Nullable String device) {
    if (!host.isNative()) {
      throw new HalException(
          ErrorCode.UNSUPPORTED,
          "host memory of " + host.byteSize() + " bytes is a Java array, expected native memory",
          null,
          device,
          "allocate it with an Arena, or map a file",
          null);
    }
  }

  /** Memory used in place is read and written by a backend's own threads. */
  static void requireShared(MemorySegment host, String device) {
    requireNative(host, device);
    if (!host.isAccessibleBy(STRANGER)) {
      throw new HalException(
          ErrorCode.UNSUPPORTED,
          "host memory of " + host.byteSize() + " bytes is confined to one thread",
          null,
          device,
          "allocate it with Arena.ofShared, Arena.ofAuto or Arena.global",
          null);
    }
  }
}

package org.touchstone.backends.cpu;

import java.lang.management.ManagementFactory;

/** Facts about the host's memory. */
final class HostMemory {
  private HostMemory() {}

  /** Returns the bytes of physical memory that this process may use; 0 when the JVM cannot tell. */
  static long physicalBytes() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize()
        : 0;
  }
}

package org.touchstone.backends.spi;

import java.util.List;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Reason;

/** What a backend found. */
public sealed interface Probe {
  /**
   * What the backend needs is not installed.
   *
   * @param reason what is missing
   */
  record Absent(Reason reason) implements Probe {}

  /**
   * What the backend needs is there and failed.
   *
   * @param reason what failed
   */
  record Broken(Reason reason) implements Probe {}

  /**
   * Devices answer.
   *
   * @param devices at least one
   */
  record Ready(List<DeviceInfo> devices) implements Probe {
    /** Copies the list. */
    public Ready {
      devices = List.copyOf(devices);
    }
  }
}

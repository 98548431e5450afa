package org.touchstone.api;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Says what probing a backend found.
 *
 * @param name the backend's name, for example {@code opencl}
 * @param version the version of its jar
 * @param state the outcome
 * @param reason why there is no device; present unless the state is {@code READY}
 * @param devices the devices found, in selection order
 * @param probeTime how long the probe took
 */
public record BackendReport(
    String name,
    String version,
    State state,
    Optional<Reason> reason,
    List<DeviceInfo> devices,
    Duration probeTime) {
  /** Outcome of a probe. */
  public enum State {
    /** What the backend needs is not installed. */
    ABSENT,
    /** What the backend needs is there and failed. */
    BROKEN,
    /** At least one device answers. */
    READY
  }

  /** Checks that a backend without devices says why. */
  public BackendReport {
    devices = List.copyOf(devices);
    if ((state == State.READY) == reason.isPresent()
        || (state == State.READY) == devices.isEmpty()) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "backend "
              + name
              + " is "
              + state
              + " with "
              + devices.size()
              + " devices and reason "
              + reason);
    }
  }
}

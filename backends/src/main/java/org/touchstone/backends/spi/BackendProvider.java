package org.touchstone.backends.spi;

import org.touchstone.api.DeviceInfo;
import org.touchstone.api.HalException;

/**
 * A backend's entry point, found by {@link java.util.ServiceLoader}. Constructing it and describing
 * it touch no driver; probing and opening may.
 */
public interface BackendProvider {
  /** Describes the backend; free, never fails. */
  BackendDescription description();

  /**
   * Looks for devices. Called at most once per HAL, on a thread of its own with a time limit. What
   * the driver throws may escape: the registry turns it into {@link Probe.Broken}.
   */
  Probe probe(BackendContext context);

  /**
   * Opens a device that {@link #probe} found.
   *
   * @throws HalException when the device cannot be opened now
   */
  BackendDevice open(DeviceInfo device, BackendContext context);
}

package org.touchstone.backends.spi;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;

/**
 * A backend whose kernels have sizes that a search may choose on a device, found by {@link
 * java.util.ServiceLoader}.
 */
public interface TuningSource {
  /** Returns the backend's name. */
  String backend();

  /** Says what can be chosen on a device under the configuration of a context. */
  TuningSpace space(DeviceInfo device, BackendContext context);

  /**
   * Says why the sizes in a file do not count on a device; empty when they do.
   *
   * @throws HalException when it is not a file of sizes
   */
  Optional<Reason> refusal(Path file, DeviceInfo device);

  /**
   * Writes sizes of a device to a file, keyed by everything that they depend on; entries of other
   * devices stay.
   *
   * @param sizes by name of the parameter
   * @param gains what they are worth
   */
  void keep(Path file, DeviceInfo device, Map<String, String> sizes, List<TuningSpace.Gain> gains);
}

package org.touchstone.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.touchstone.api.BackendReport;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Hal;

/** Chooses the devices of a run. */
final class DeviceChoice {
  private DeviceChoice() {}

  /**
   * Returns the devices that a request names, or all that may be chosen automatically, in selection
   * order.
   *
   * @throws ConformanceException when a named one is unknown or a required one is missing
   */
  static List<DeviceInfo> of(Hal hal, ConformanceRequest request) {
    List<DeviceInfo> ready = hal.devices();
    for (String required : request.required()) {
      if (ready.stream().noneMatch(d -> matches(d, required))) {
        throw new ConformanceException(
            ExitCode.DEVICE_MISSING,
            "required device '" + required + "' is not ready\n" + table(hal, ready));
      }
    }
    Map<String, DeviceInfo> chosen = new LinkedHashMap<>();
    for (String name : request.devices()) {
      List<DeviceInfo> found = ready.stream().filter(d -> matches(d, name)).toList();
      if (found.isEmpty()) {
        throw new ConformanceException(
            ExitCode.USAGE, "no device is named '" + name + "'\n" + table(hal, ready));
      }
      found.forEach(d -> chosen.put(d.uri(), d));
    }
    if (request.devices().isEmpty()) {
      ready.stream()
          .filter(d -> d.eligibility() == Eligibility.AUTOMATIC)
          .forEach(d -> chosen.put(d.uri(), d));
      if (chosen.isEmpty()) {
        throw new ConformanceException(
            ExitCode.DEVICE_MISSING, "no device is ready\n" + table(hal, ready));
      }
    }
    return List.copyOf(chosen.values());
  }

  /** A URI names one device, a backend all of its own that may be chosen automatically. */
  private static boolean matches(DeviceInfo device, String name) {
    return device.uri().equals(name)
        || (device.backend().equals(name) && device.eligibility() == Eligibility.AUTOMATIC);
  }

  private static String table(Hal hal, List<DeviceInfo> ready) {
    List<String> lines = new ArrayList<>();
    ready.forEach(d -> lines.add("  " + d.uri() + "  " + d.name()));
    for (BackendReport backend : hal.backends()) {
      backend
          .reason()
          .ifPresent(
              reason -> lines.add("  " + backend.name() + "  " + backend.state() + "  " + reason));
    }
    return lines.isEmpty()
        ? "  no backend was found; add a touchstone-backends-* jar"
        : lines.stream().collect(Collectors.joining("\n"));
  }
}

package org.touchstone.api;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Describes a device that a probe found. Immutable and cheap: holding it keeps nothing open.
 *
 * @param uri stable name, exactly as {@code --device} accepts it, for example {@code
 *     opencl://pocl/0}
 * @param backend name of the backend that owns it
 * @param name the vendor's name for it
 * @param kind what sort of device it is
 * @param evidence what executes its kernels
 * @param eligibility whether it may be chosen without being named
 * @param hostAccess how its memory is reached
 * @param dedicatedMemory bytes that belong to the device alone; 0 when it has none
 * @param sharedMemory bytes that it shares with the host; 0 when it has none
 * @param score relative speed for ranking, larger is faster; 0 when not measured
 * @param uuid identity that survives re-enumeration, when the driver tells it
 * @param properties facts for people: driver version, instruction set, why a variant was chosen;
 *     sorted
 */
public record DeviceInfo(
    String uri,
    String backend,
    String name,
    DeviceKind kind,
    Evidence evidence,
    Eligibility eligibility,
    HostAccess hostAccess,
    long dedicatedMemory,
    long sharedMemory,
    double score,
    Optional<String> uuid,
    Map<String, String> properties) {
  private static final Pattern URI = Pattern.compile("[a-z][a-z0-9-]*://[A-Za-z0-9_./-]+");

  /** Checks the URI and the sizes; copies the properties. */
  public DeviceInfo {
    if (!URI.matcher(uri).matches()) {
      throw new HalException(
          ErrorCode.INTERNAL, "device uri '" + uri + "' is not of the form scheme://name/index");
    }
    Objects.requireNonNull(backend);
    if (dedicatedMemory < 0 || sharedMemory < 0) {
      throw new HalException(
          ErrorCode.NEGATIVE_SIZE,
          "memory of " + uri + " is negative: " + dedicatedMemory + ", " + sharedMemory);
    }
    properties = java.util.Collections.unmodifiableMap(new TreeMap<>(properties));
  }

  /** Returns the largest memory that the device can address, in bytes. */
  public long memory() {
    return Math.max(dedicatedMemory, sharedMemory);
  }
}

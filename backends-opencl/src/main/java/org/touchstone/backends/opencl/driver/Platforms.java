package org.touchstone.backends.opencl.driver;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;

/**
 * The platforms and devices of all installed drivers.
 *
 * @param devices usable devices
 * @param problems why something was not usable, in the order of discovery
 */
public record Platforms(List<FoundDevice> devices, List<Reason> problems) {
  /** JOCL's own constant is a negative int, and its sign would fill the upper half of the long. */
  private static final long EVERY_TYPE = 0xFFFFFFFFL;

  /** Part of a platform's name, in lower case, and the short name that it gets. */
  private static final List<Map.Entry<String, String>> SLUGS =
      List.of(
          Map.entry("portable computing language", "pocl"),
          Map.entry("rusticl", "rusticl"),
          Map.entry("oclgrind", "oclgrind"),
          Map.entry("amd accelerated", "amd"),
          Map.entry("intel", "intel"),
          Map.entry("arm platform", "mali"),
          Map.entry("qualcomm", "adreno"),
          Map.entry("moore threads", "mthreads"),
          Map.entry("musa", "mthreads"),
          Map.entry("nvidia", "nvidia"));

  /** Copies the lists. */
  public Platforms {
    devices = List.copyOf(devices);
    problems = List.copyOf(problems);
  }

  private record Named(cl_platform_id id, String slug, String version) {}

  /**
   * Asks every driver; the loader must be loaded. Never throws for what a driver answers. One
   * thread at a time: PoCL 3.1 crashes when two ask it first.
   */
  public static synchronized Platforms enumerate() {
    List<Reason> problems = new ArrayList<>();
    int[] count = new int[1];
    int status = CL.clGetPlatformIDs(0, null, count);
    if (status != CL.CL_SUCCESS || count[0] == 0) {
      problems.add(noPlatform(status));
      return new Platforms(List.of(), problems);
    }
    cl_platform_id[] ids = new cl_platform_id[count[0]];
    status = CL.clGetPlatformIDs(ids.length, ids, null);
    if (status != CL.CL_SUCCESS) {
      problems.add(ClStatus.reason(status, "clGetPlatformIDs"));
      return new Platforms(List.of(), problems);
    }
    List<FoundDevice> devices = new ArrayList<>();
    Map<String, Integer> used = new HashMap<>();
    for (Named platform : named(ids)) {
      int number = used.merge(platform.slug(), 1, Integer::sum);
      String slug = number == 1 ? platform.slug() : platform.slug() + "-" + number;
      add(platform, slug, devices, problems);
    }
    return new Platforms(devices, problems);
  }

  private static Reason noPlatform(int status) {
    if (status != CL.CL_SUCCESS && status != ClStatus.PLATFORM_NOT_FOUND) {
      return ClStatus.reason(status, "clGetPlatformIDs");
    }
    return Reason.of(
        ReasonCode.NO_PLATFORM,
        "the OpenCL loader ("
            + OpenClLoader.origin()
            + ") found no platform"
            + (status == CL.CL_SUCCESS ? "" : ", " + ClStatus.name(status)));
  }

  /** Loaders list drivers in the order of a folder, which may change; duplicates must not. */
  private static List<Named> named(cl_platform_id[] ids) {
    List<Named> platforms = new ArrayList<>();
    for (cl_platform_id id : ids) {
      platforms.add(
          new Named(
              id,
              slug(ClQuery.platform(id, CL.CL_PLATFORM_NAME)),
              ClQuery.platform(id, CL.CL_PLATFORM_VERSION)));
    }
    platforms.sort(Comparator.comparing(Named::slug).thenComparing(Named::version));
    return platforms;
  }

  /** Returns the short name of a platform. */
  static String slug(String platformName) {
    String lower = platformName.toLowerCase(Locale.ROOT);
    return SLUGS.stream()
        .filter(entry -> lower.contains(entry.getKey()))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElseGet(
            () -> {
              String plain = lower.replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
              return plain.isEmpty() ? "unnamed" : plain;
            });
  }

  private static void add(
      Named platform, String slug, List<FoundDevice> devices, List<Reason> problems) {
    int[] count = new int[1];
    int status = CL.clGetDeviceIDs(platform.id(), EVERY_TYPE, 0, null, count);
    if (status != CL.CL_SUCCESS || count[0] == 0) {
      problems.add(
          ClStatus.reason(
              status == CL.CL_SUCCESS ? CL.CL_DEVICE_NOT_FOUND : status,
              "platform " + slug + ": clGetDeviceIDs"));
      return;
    }
    cl_device_id[] ids = new cl_device_id[count[0]];
    status = CL.clGetDeviceIDs(platform.id(), EVERY_TYPE, ids.length, ids, null);
    if (status != CL.CL_SUCCESS) {
      problems.add(ClStatus.reason(status, "platform " + slug + ": clGetDeviceIDs"));
      return;
    }
    for (int i = 0; i < ids.length; i++) {
      FoundDevice device =
          new FoundDevice(slug, i, DeviceFacts.of(platform.id(), ids[i]), platform.id(), ids[i]);
      Optional<Reason> problem = problem(device);
      problem.ifPresentOrElse(problems::add, () -> devices.add(device));
    }
  }

  private static Optional<Reason> problem(FoundDevice found) {
    if (ClQuery.number(found.device(), CL.CL_DEVICE_AVAILABLE) == 0) {
      return Optional.of(
          Reason.of(
              ReasonCode.DEVICE_BUSY, found.uri() + " answers CL_DEVICE_AVAILABLE with false"));
    }
    if (ClQuery.number(found.device(), CL.CL_DEVICE_COMPILER_AVAILABLE) == 0) {
      return Optional.of(
          Reason.of(
              ReasonCode.DRIVER_REFUSED,
              found.uri() + " answers CL_DEVICE_COMPILER_AVAILABLE with false",
              "install the driver's compiler package"));
    }
    if (ClQuery.number(found.device(), CL.CL_DEVICE_ENDIAN_LITTLE) == 0) {
      return Optional.of(
          Reason.of(
              ReasonCode.DRIVER_REFUSED,
              found.uri() + " is big-endian, tensors are little-endian",
              "use another device"));
    }
    int language = found.facts().languageVersion();
    if (language < 120) {
      return Optional.of(
          Reason.of(
              ReasonCode.DRIVER_TOO_OLD,
              found.uri() + " compiles OpenCL C " + language / 100.0 + ", the kernels need 1.2"));
    }
    return Optional.empty();
  }
}

package org.touchstone.backends.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Eligibility;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Evidence;
import org.touchstone.api.HalException;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.opencl.driver.Capability;
import org.touchstone.backends.opencl.driver.DeviceFacts;
import org.touchstone.backends.opencl.driver.FoundDevice;
import org.touchstone.backends.opencl.driver.Oclgrind;
import org.touchstone.backends.opencl.driver.OpenClContext;
import org.touchstone.backends.opencl.driver.OpenClLoader;
import org.touchstone.backends.opencl.driver.Platforms;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.BackendDescription;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendProvider;
import org.touchstone.backends.spi.Probe;

/** Offers the devices of every installed OpenCL driver. */
public final class OpenClProvider implements BackendProvider {
  private static final String SIMULATOR = "opencl://oclgrind";

  /** Property of a device that this process only describes. */
  private static final String WORKER_ONLY = "runs in";

  /** Created by the service loader. */
  public OpenClProvider() {}

  @Override
  public BackendDescription description() {
    return new BackendDescription("opencl", "0.1.0", 1, 1, "any accelerator that speaks OpenCL");
  }

  @Override
  public Probe probe(BackendContext context) {
    Optional<Reason> unusable = OpenClLoader.load(context.nativeLibraries());
    if (unusable.isPresent()) {
      return without(unusable.get());
    }
    Platforms platforms = Platforms.enumerate();
    List<DeviceInfo> devices = new ArrayList<>();
    platforms.devices().forEach(found -> devices.add(describe(found, context)));
    checker(devices, context).ifPresent(devices::add);
    List<Reason> problems = problems(platforms, OpenClSettings.drivers(context).broken());
    if (devices.isEmpty()) {
      return without(worst(problems));
    }
    problems.forEach(problem -> context.notice("opencl: " + problem));
    return new Probe.Ready(devices);
  }

  /** Puts drivers that the loader skipped first: they are why it found no platform. */
  private static List<Reason> problems(Platforms platforms, List<Reason> skipped) {
    List<Reason> problems = new ArrayList<>(skipped);
    platforms.problems().stream()
        .filter(problem -> skipped.isEmpty() || problem.code() != ReasonCode.NO_PLATFORM)
        .forEach(problems::add);
    return problems;
  }

  /** Describes Oclgrind where it is installed and does not run this process's kernels. */
  private static Optional<DeviceInfo> checker(List<DeviceInfo> found, BackendContext context) {
    if (found.stream().anyMatch(device -> device.uri().equals(Oclgrind.URI))) {
      return Optional.empty();
    }
    return OpenClSettings.oclgrind(context)
        .map(
            library ->
                new DeviceInfo(
                    Oclgrind.URI,
                    "opencl",
                    "Oclgrind Simulator",
                    DeviceKind.CPU,
                    Evidence.SIMULATOR,
                    Eligibility.NAMED_ONLY,
                    HostAccess.COPY,
                    0,
                    Oclgrind.MEMORY,
                    0,
                    Optional.empty(),
                    Map.of(
                        "driver",
                        library.toString(),
                        WORKER_ONLY,
                        "worker processes, which conformance starts")));
  }

  /** Nothing installed is absence; everything else is a defect. */
  private static Probe without(Reason reason) {
    return switch (reason.code()) {
      case LOADER_MISSING, NO_PLATFORM, NO_DEVICE -> new Probe.Absent(reason);
      default -> new Probe.Broken(reason);
    };
  }

  /** Returns the reason to act on: a device that fails says more than a driver without one. */
  private static Reason worst(List<Reason> problems) {
    Reason first =
        problems.stream()
            .filter(problem -> problem.code() != ReasonCode.NO_DEVICE)
            .findFirst()
            .orElse(problems.getFirst());
    if (problems.size() == 1) {
      return first;
    }
    return Reason.of(
        first.code(),
        problems.stream().map(Reason::detail).distinct().collect(Collectors.joining("; ")),
        first.remedy());
  }

  static Evidence evidence(DeviceFacts facts, String uri) {
    if (uri.startsWith(SIMULATOR)) {
      return Evidence.SIMULATOR;
    }
    return facts.isCpu() ? Evidence.SOFTWARE : Evidence.HARDWARE;
  }

  private static DeviceInfo describe(FoundDevice found, BackendContext context) {
    DeviceFacts facts = found.facts();
    Evidence evidence = evidence(facts, found.uri());
    DeviceKind kind =
        facts.isCpu() ? DeviceKind.CPU : facts.isGpu() ? DeviceKind.GPU : DeviceKind.ACCELERATOR;
    return new DeviceInfo(
        found.uri(),
        "opencl",
        facts.name(),
        kind,
        evidence,
        evidence == Evidence.SIMULATOR ? Eligibility.NAMED_ONLY : Eligibility.AUTOMATIC,
        HostAccess.COPY,
        facts.has(Capability.UNIFIED_MEMORY) ? 0 : facts.globalBytes(),
        facts.has(Capability.UNIFIED_MEMORY) ? facts.globalBytes() : 0,
        0,
        facts.identity(),
        properties(facts, Tuning.of(facts, context.configuration())));
  }

  private static Map<String, String> properties(DeviceFacts facts, Tuning tuning) {
    Map<String, String> properties = new TreeMap<>();
    properties.put("platform", facts.platform());
    properties.put("vendor", facts.vendor());
    properties.put("driver", facts.driver());
    properties.put("version", facts.version());
    properties.put("loader", OpenClLoader.origin());
    properties.put("kernels", tuning.variant().suffix() + " variant, " + tuning.why());
    properties.put(
        "sizes",
        tuning.origin().words()
            + tuning.refused().map(reason -> "; not those of a file: " + reason).orElse(""));
    properties.put("compute units", Long.toString(facts.computeUnits()));
    properties.put("local memory", facts.localBytes() + " bytes");
    properties.put("largest buffer", facts.largestBuffer() + " bytes");
    properties.put("subnormals", facts.has(Capability.SUBNORMALS) ? "kept" : "flushed");
    properties.put(
        "division",
        facts.has(Capability.CORRECT_DIVISION)
            ? "correctly rounded by the driver"
            : "correctly rounded by the kernels");
    properties.put("optional features", optional(facts));
    return properties;
  }

  private static String optional(DeviceFacts facts) {
    Map<Capability, String> names =
        Map.of(
            Capability.FP16, "fp16",
            Capability.FP64, "fp64",
            Capability.SUB_GROUPS, "sub-groups",
            Capability.INTEGER_DOT, "int8 dot");
    String list =
        names.entrySet().stream()
            .filter(entry -> facts.has(entry.getKey()))
            .map(Map.Entry::getValue)
            .sorted()
            .collect(Collectors.joining(", "));
    return list.isEmpty() ? "none" : list;
  }

  @Override
  public BackendDevice open(DeviceInfo device, BackendContext context) {
    if (device.properties().containsKey(WORKER_ONLY)) {
      throw new HalException(
          ErrorCode.UNSUPPORTED,
          "the checker is the only driver of its process, and this process is not one of those",
          null,
          device.uri(),
          "run 'touchstone conformance --device " + device.uri() + "'",
          null);
    }
    OpenClLoader.load(context.nativeLibraries())
        .ifPresent(
            reason -> {
              throw new HalException(
                  ErrorCode.NATIVE_FAILURE,
                  reason.detail(),
                  null,
                  device.uri(),
                  reason.remedy(),
                  null);
            });
    FoundDevice found = find(device);
    Tuning tuning = Tuning.of(found.facts(), context.configuration());
    tuning
        .refused()
        .ifPresent(
            reason -> context.notice(device.uri() + " runs with sizes of the table: " + reason));
    return new OpenClDevice(OpenClContext.open(found, context), tuning);
  }

  /** Finds a device again, by its identity where the driver tells one: numbers may have moved. */
  static FoundDevice find(DeviceInfo device) {
    List<FoundDevice> devices = Platforms.enumerate().devices();
    Optional<FoundDevice> same =
        device.uuid().isEmpty()
            ? Optional.empty()
            : devices.stream()
                .filter(found -> found.facts().identity().equals(device.uuid()))
                .filter(
                    found -> found.facts().platform().equals(device.properties().get("platform")))
                .findFirst();
    return same.or(
            () -> devices.stream().filter(found -> found.uri().equals(device.uri())).findFirst())
        .orElseThrow(
            () ->
                new HalException(
                    ErrorCode.UNKNOWN_DEVICE,
                    "the device is not there any more; there are "
                        + devices.stream().map(FoundDevice::uri).toList(),
                    null,
                    device.uri(),
                    "look for devices again",
                    null));
  }
}

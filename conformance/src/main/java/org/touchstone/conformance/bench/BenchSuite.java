package org.touchstone.conformance.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Hal;
import org.touchstone.api.op.Op;
import org.touchstone.backends.config.Nearest;
import org.touchstone.backends.spi.LimitProbe;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.run.Session;

/** Times the standard workloads on devices. */
public final class BenchSuite {
  /** Samples per workload unless asked for others. */
  public static final int ROUNDS = 15;

  private BenchSuite() {}

  /**
   * What to time.
   *
   * @param devices URIs; empty for every device that may be chosen automatically
   * @param names workloads, operators or families; empty for all
   * @param rounds samples per workload
   * @param peers whether other programs on the class path are timed as well
   * @param profiling whether launches are profiled after they were timed
   */
  public record Request(
      List<String> devices,
      List<String> names,
      int rounds,
      Peers peers,
      Benchmark.Profiling profiling) {
    /** Copies the lists and checks the number. */
    public Request {
      devices = List.copyOf(devices);
      names = List.copyOf(names);
      if (rounds < 3) {
        throw new ConformanceException(
            ExitCode.USAGE, "a median needs at least 3 samples, got " + rounds);
      }
    }
  }

  /** Whether other programs are timed. */
  public enum Peers {
    /** Only ours. */
    NONE,
    /** Those that a service names. */
    ALL
  }

  /**
   * Carries out a request.
   *
   * @param listener takes measurements as they end
   * @throws ConformanceException when it cannot be carried out
   */
  public static BenchReport run(Request request, Consumer<Measurement> listener) {
    List<Workload> workloads = workloads(request.names());
    List<Peer> peers = peers(request.peers());
    try (Hal hal = Hal.open()) {
      List<DeviceInfo> devices = devices(hal, request.devices());
      List<Measurement> measurements = new ArrayList<>();
      for (DeviceInfo device : devices) {
        Benchmark benchmark =
            new Benchmark(
                hal,
                device.uri(),
                Session.findOracle(),
                new Benchmark.Effort(
                    request.rounds(), Benchmark.Effort.WARM_UP, request.profiling()),
                peers);
        Optional<LimitProbe.Meter> meter = meter(device);
        try {
          for (Workload workload : workloads) {
            Measurement measurement = benchmark.run(workload, meter);
            measurements.add(measurement);
            listener.accept(measurement);
          }
        } finally {
          meter.ifPresent(LimitProbe.Meter::close);
        }
      }
      return new BenchReport(machine(devices), measurements);
    }
  }

  private static List<Workload> workloads(List<String> names) {
    List<Workload> all = new ArrayList<>(Workloads.standard());
    if (!names.isEmpty()) {
      all.addAll(Workloads.activations());
    }
    for (String name : names) {
      if (Op.select(name).isEmpty() && all.stream().noneMatch(w -> w.name().equals(name))) {
        throw new ConformanceException(
            ExitCode.USAGE,
            "no workload, operator or family is named '"
                + name
                + "'"
                + Nearest.hint(name, all.stream().map(Workload::name).toList()));
      }
    }
    List<Workload> chosen =
        all.stream()
            .filter(
                w ->
                    names.isEmpty()
                        || names.stream()
                            .anyMatch(
                                n ->
                                    w.name().equals(n) || Op.select(n).contains(w.testCase().op())))
            .toList();
    if (chosen.isEmpty()) {
      throw new ConformanceException(
          ExitCode.USAGE,
          "no workload times "
              + String.join(", ", names)
              + "; there are "
              + String.join(", ", all.stream().map(Workload::name).toList()));
    }
    return chosen;
  }

  private static List<Peer> peers(Peers wanted) {
    if (wanted == Peers.NONE) {
      return List.of();
    }
    List<Peer> peers =
        ServiceLoader.load(Peer.class).stream().map(ServiceLoader.Provider::get).toList();
    if (peers.isEmpty()) {
      throw new ConformanceException(
          ExitCode.USAGE,
          "no peer is there to compare with; get them with"
              + " mvn -Ppeers -Dquick -DskipTests package");
    }
    return peers;
  }

  private static List<DeviceInfo> devices(Hal hal, List<String> uris) {
    List<DeviceInfo> ready = hal.devices();
    for (String uri : uris) {
      if (ready.stream().noneMatch(d -> d.uri().equals(uri))) {
        throw new ConformanceException(
            ExitCode.USAGE,
            "no device is named '"
                + uri
                + "'"
                + Nearest.hint(uri, ready.stream().map(DeviceInfo::uri).toList()));
      }
    }
    return ready.stream()
        .filter(
            d -> uris.isEmpty() ? d.eligibility() == Eligibility.AUTOMATIC : uris.contains(d.uri()))
        .toList();
  }

  private static Optional<LimitProbe.Meter> meter(DeviceInfo device) {
    return ServiceLoader.load(LimitProbe.class).stream()
        .map(provider -> provider.get().open(device))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Map<String, String> machine(List<DeviceInfo> devices) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("java", Runtime.version().toString());
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    devices.forEach(d -> facts.put(d.uri(), d.name() + ", " + d.properties()));
    return facts;
  }
}

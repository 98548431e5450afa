package org.touchstone.conformance.bench;

import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.Layout;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Tensor;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.backends.spi.LimitProbe;
import org.touchstone.backends.spi.LimitProbe.Limit;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.run.Assessment;
import org.touchstone.conformance.run.CaseRunner;
import org.touchstone.conformance.run.Launch;
import org.touchstone.conformance.run.Session;

/**
 * Times workloads on one device. A result is judged before and after it is timed, and no figure is
 * given for a wrong one or for one that beats what the hardware can do.
 */
public final class Benchmark {
  /** Tensors are copied until they exceed every cache, so that no launch finds them there. */
  private static final long COLD_BYTES = 512L << 20;

  private static final int MOST_COPIES = 64;

  /** Memory that copies may take, unless a single one takes more. */
  private static final long MOST_BYTES = 4L << 30;

  private final Hal hal;
  private final String uri;
  private final Effort effort;
  private final List<Peer> peers;
  private final Oracle oracle;

  /** Whether launches are profiled. */
  public enum Profiling {
    /** They are not. */
    NONE,
    /** For twice the time of the warm-up, after the timing. */
    METHODS
  }

  /**
   * How long to look.
   *
   * @param rounds samples per workload
   * @param warmUp least time before the first sample
   * @param profiling whether launches are profiled after they were timed
   */
  public record Effort(int rounds, Duration warmUp, Profiling profiling) {
    /** Enough for the compiler of the JVM. */
    public static final Duration WARM_UP = Duration.ofSeconds(2);

    /** Creates an effort without a profile. */
    public Effort(int rounds, Duration warmUp) {
      this(rounds, warmUp, Profiling.NONE);
    }
  }

  /**
   * Creates a benchmark.
   *
   * @param uri the device
   * @param peers other programs to time alternately
   */
  public Benchmark(Hal hal, String uri, Oracle oracle, Effort effort, List<Peer> peers) {
    this.hal = hal;
    this.uri = uri;
    this.oracle = oracle;
    this.effort = effort;
    this.peers = List.copyOf(peers);
  }

  /** Times a workload. */
  public Measurement run(Workload workload, Optional<LimitProbe.Meter> meter) {
    try (Session session = Session.unobserved(hal, uri, oracle)) {
      return switch (session.device().support(workload.testCase().spec())) {
        case Verdict.No no ->
            problem(workload, "", no.reason().code() + ": " + no.reason().detail());
        case Verdict.Yes yes -> supported(workload, session, meter);
      };
    } catch (HalException e) {
      return problem(workload, "", String.valueOf(e.getMessage()));
    }
  }

  private Measurement problem(Workload workload, String kernel, String why) {
    return new Measurement(
        workload.name(),
        workload.testCase().op().opName(),
        uri,
        kernel,
        Optional.of(why),
        Optional.empty(),
        workload.operations(),
        0,
        Map.of(),
        Optional.empty(),
        Optional.empty(),
        List.of());
  }

  private Measurement supported(
      Workload workload, Session session, Optional<LimitProbe.Meter> meter) {
    TestCase testCase = workload.testCase();
    List<Launch> launches = new ArrayList<>();
    List<Contestant> contestants = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Queue queue = session.device().openQueue()) {
      InputData data = InputData.of(testCase, arena);
      Operator<?> operator = session.prepare(testCase.spec());
      Optional<Layout> layout = CaseRunner.layout(testCase, operator);
      if (layout.isPresent()) {
        operator = session.prepare(testCase.packing().orElseThrow().spec().apply(layout.get()));
      }
      int copies = copies(data, workload.bytes().applyAsDouble(data));
      for (int i = 0; i < copies; i++) {
        Launch launch = Launch.of(testCase, session.device(), queue, data, arena);
        launches.add(launch);
        layout.ifPresent(
            l -> launch.pack(testCase.packing().orElseThrow().slots(), session.device(), l));
      }
      Judgement before = judge(testCase, data, launches.getFirst(), operator, arena);
      if (before.finding().isPresent()) {
        return problem(
            workload, operator.kernel(), "wrong before timing: " + before.finding().get());
      }
      contestants.addAll(
          Contestant.of(peers, testCase, data, threads(session.device()), peerCopies(data)));
      Map<String, String> wrongPeers = new HashMap<>();
      double[] ours = contestants.isEmpty() ? new double[0] : before.values();
      contestants.forEach(c -> c.judge(ours).ifPresent(why -> wrongPeers.put(c.name(), why)));
      Runnable submission = submission(operator, launches, queue);
      List<Stopwatch.Round> all =
          new Stopwatch(submission, meter, contestants.stream().<Runnable>map(c -> c::run).toList())
              .measure(effort);
      Judgement after = judge(testCase, data, launches.getFirst(), operator, arena);
      if (after.finding().isPresent()) {
        return problem(workload, operator.kernel(), "wrong after timing: " + after.finding().get());
      }
      contestants.forEach(c -> c.judge(ours).ifPresent(why -> wrongPeers.put(c.name(), why)));
      List<Measurement.Share> profile =
          effort.profiling() == Profiling.METHODS
              ? Profiler.of(submission, effort.warmUp().multipliedBy(2))
              : List.of();
      return evaluate(
          workload,
          operator.kernel(),
          all,
          workload.bytes().applyAsDouble(data),
          memory(testCase, launches.getFirst(), before.workspaceBytes()),
          contestants.stream().map(Contestant::name).toList(),
          wrongPeers,
          profile);
    } finally {
      contestants.forEach(Contestant::close);
      launches.forEach(Launch::close);
    }
  }

  /** What was wrong with a result, and the result. */
  private record Judgement(
      Optional<String> finding, Map<String, Tensor> outputs, long workspaceBytes) {
    /** Returns the values of the first output. */
    double[] values() {
      return HostTensors.doubles(outputs.values().iterator().next());
    }
  }

  /** Peers hold wider elements than we do: fewer copies exceed the caches. */
  private static int peerCopies(InputData data) {
    return Math.ceilDiv(copies(data, bytes(data)), 4);
  }

  /** Returns how many copies it takes to move COLD_BYTES, when a launch moves some of a copy. */
  private static int copies(InputData data, double moved) {
    long wanted = (long) Math.ceil(COLD_BYTES / Math.max(1, Math.min(moved, bytes(data))));
    long most = Math.clamp((long) (MOST_BYTES / Math.max(1, bytes(data))), 1, MOST_COPIES);
    return (int) Math.clamp(wanted, 1, most);
  }

  private static double bytes(InputData data) {
    return data.tensors().values().stream().mapToDouble(t -> t.buffer().bytes()).sum();
  }

  private static int threads(Device device) {
    return Integer.parseInt(device.info().properties().getOrDefault("threads", "1"));
  }

  private <A extends Args> Judgement judge(
      TestCase testCase, InputData data, Launch launch, Operator<A> operator, Arena arena) {
    Launch.Result result = launch.run(operator);
    List<String> findings = new ArrayList<>(result.damages());
    findings.addAll(
        Assessment.of(testCase, data, result.outputs(), operator.traits(), oracle, arena)
            .findings());
    return new Judgement(
        findings.stream().findFirst(), result.outputs(), result.receipt().workspaceBytes());
  }

  private static Measurement.Memory memory(TestCase testCase, Launch launch, long workspace) {
    List<Slot> slots = testCase.spec().signature().slots();
    Set<String> names = testCase.packing().map(TestCase.Packing::slots).orElse(Set.of());
    long weights = 0;
    long bytes = 0;
    for (int i = 0; i < slots.size(); i++) {
      Tensor tensor = launch.tensors().get(i);
      if (tensor != null && names.contains(slots.get(i).name())) {
        weights += tensor.shape().elements();
        bytes += tensor.storageBytes();
      }
    }
    return new Measurement.Memory(workspace, weights, bytes);
  }

  /** Launches the copies in turn and waits for each. */
  private static <A extends Args> Runnable submission(
      Operator<A> operator, List<Launch> launches, Queue queue) {
    List<A> args =
        launches.stream().map(l -> Args.of(operator.spec().argsType(), l.tensors())).toList();
    int[] next = {0};
    return () -> {
      operator.submit(queue, args.get(next[0])).join();
      next[0] = (next[0] + 1) % args.size();
    };
  }

  private Measurement evaluate(
      Workload workload,
      String kernel,
      List<Stopwatch.Round> all,
      double bytes,
      Measurement.Memory memory,
      List<String> peerNames,
      Map<String, String> wrongPeers,
      List<Measurement.Share> profile) {
    List<Stopwatch.Round> quiet = all.stream().filter(r -> !r.interrupted()).toList();
    // On a busy machine there may be no quiet moment; then all count, and the spread shows it.
    List<Stopwatch.Round> rounds = quiet.size() >= all.size() / 3.0 ? quiet : all;
    double[] nanos = rounds.stream().mapToDouble(Stopwatch.Round::nanos).toArray();
    Measurement.Times times = Measurement.Times.of(nanos, all.size() - rounds.size());
    Map<Limit, Double> limits = limits(rounds);
    Optional<Measurement.Bound> bound = bound(workload, rounds, limits, bytes);
    if (bound.isPresent() && bound.get().share() > 1) {
      return problem(
          workload,
          kernel,
          String.format(
              Locale.ROOT,
              "%.0f %% of the probed %s limit is impossible: the probe was disturbed",
              100 * bound.get().share(),
              bound.get().kind()));
    }
    List<Measurement.PeerTime> others = new ArrayList<>();
    for (int p = 0; p < peerNames.size(); p++) {
      int index = p;
      String name = peerNames.get(p);
      others.add(
          wrongPeers.containsKey(name)
              ? Measurement.PeerTime.wrong(name, wrongPeers.get(name))
              : Measurement.PeerTime.of(
                  name,
                  median(rounds.stream().mapToDouble(r -> r.peers().get(index)).toArray()),
                  median(
                      rounds.stream()
                          .mapToDouble(r -> r.peers().get(index) / r.nanos())
                          .toArray())));
    }
    return new Measurement(
        workload.name(),
        workload.testCase().op().opName(),
        uri,
        kernel,
        Optional.empty(),
        Optional.of(times),
        workload.operations(),
        bytes,
        limits,
        bound,
        Optional.of(memory),
        others,
        profile);
  }

  /** Returns the medians of the limits that every round has. */
  private static Map<Limit, Double> limits(List<Stopwatch.Round> rounds) {
    Map<Limit, Double> medians = new EnumMap<>(Limit.class);
    for (Limit limit : Limit.values()) {
      if (rounds.stream().allMatch(r -> r.limits().containsKey(limit))) {
        medians.put(limit, median(rounds.stream().mapToDouble(r -> value(r, limit)).toArray()));
      }
    }
    return medians;
  }

  private static double value(Stopwatch.Round round, Limit limit) {
    return Optional.ofNullable(round.limits().get(limit)).orElse(Double.NaN);
  }

  /** Finds the limit that takes longest, and the share of it that was reached beside it. */
  private static Optional<Measurement.Bound> bound(
      Workload workload, List<Stopwatch.Round> rounds, Map<Limit, Double> limits, double bytes) {
    Double memory = limits.get(Limit.MEMORY);
    Double wide = limits.get(Limit.F32);
    Double narrow = limits.get(Limit.BF16);
    // Without dot products of BF16, a kernel that widens each operand once reaches that of FP32.
    Limit arithmetic = narrow != null && (wide == null || narrow >= wide) ? Limit.BF16 : Limit.F32;
    Double peak = limits.get(arithmetic);
    if (memory == null || peak == null) {
      return Optional.empty();
    }
    boolean reading = bytes / memory > workload.operations() / peak;
    Limit kind = reading ? Limit.MEMORY : arithmetic;
    double work = reading ? bytes : workload.operations();
    double share =
        median(
            rounds.stream().mapToDouble(r -> work / value(r, kind) / (r.nanos() * 1e-9)).toArray());
    return Optional.of(new Measurement.Bound(kind, reading ? memory : peak, share));
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return Measurement.Times.quantile(sorted, 0.5);
  }
}

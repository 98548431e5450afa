package org.touchstone.conformance.tune;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceListener;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.bench.Benchmark;
import org.touchstone.conformance.bench.Measurement;
import org.touchstone.conformance.bench.Workload;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.run.Session;

/** Times and judges choices on a device until the time is used up. */
final class Trials {
  private static final Benchmark.Effort EFFORT = new Benchmark.Effort(5, Duration.ofMillis(200));

  private final String uri;
  private final long deadline;
  private List<String> problems = List.of();

  Trials(String uri, long deadline) {
    this.uri = uri;
    this.deadline = deadline;
  }

  boolean ended() {
    return System.nanoTime() - deadline >= 0;
  }

  /** Returns the nanoseconds of every workload that runs and whose results are right. */
  Map<String, Double> times(List<Workload> workloads, HalOptions options) {
    Map<String, Double> times = new TreeMap<>();
    List<String> found = new ArrayList<>();
    try (Hal hal = Hal.open(options)) {
      Benchmark benchmark = new Benchmark(hal, uri, Session.findOracle(), EFFORT, List.of());
      for (Workload workload : workloads) {
        Measurement measurement = benchmark.run(workload, Optional.empty());
        measurement.problem().ifPresent(p -> found.add(workload.name() + ": " + p));
        measurement.times().ifPresent(t -> times.put(workload.name(), t.median()));
      }
    }
    problems = found;
    return times;
  }

  /** Returns what was wrong with the workloads that were timed last. */
  List<String> problems() {
    return problems;
  }

  /**
   * What conformance says of a choice.
   *
   * @param passed whether every case ran and passed
   * @param wrong whether one failed
   * @param detail counts, or the first failure
   */
  record Proof(boolean passed, boolean wrong, String detail) {}

  /** Runs every L1 case of operators. */
  Proof prove(Set<Op> ops, HalOptions options) {
    Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
    ConformanceRequest.Builder builder =
        ConformanceRequest.builder().device(uri).level(Level.L1).options(options).timeBudget(left);
    ops.forEach(op -> builder.op(op.opName()));
    ConformanceReport report = ConformanceSuite.run(builder.build(), ConformanceListener.NONE);
    int failing = report.total().failing();
    if (failing > 0) {
      CaseResult first =
          report.results().stream().filter(r -> r.outcome().failing()).findFirst().orElseThrow();
      return new Proof(
          false, true, failing + " cases failed, first " + first.name() + ": " + first.reason());
    }
    int passed = report.total().of(Outcome.PASS);
    int skipped = report.total().of(Outcome.SKIPPED);
    if (skipped > 0 || passed == 0) {
      return new Proof(false, false, passed + " cases passed, " + skipped + " did not run in time");
    }
    return new Proof(true, false, passed + " cases passed");
  }
}

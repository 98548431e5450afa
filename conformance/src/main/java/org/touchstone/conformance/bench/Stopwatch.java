package org.touchstone.conformance.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.backends.spi.LimitProbe;
import org.touchstone.backends.spi.LimitProbe.Limit;

/**
 * Times launches and, between them, limits and peers: machines are shared and clocks change, so
 * only what was measured side by side can be compared.
 */
final class Stopwatch {
  private static final int WARM_UP_LAUNCHES = 20;
  private static final long LONGEST_WARM_UP_NANOS = 15_000_000_000L;
  private static final long SAMPLE_NANOS = 60_000_000L;

  /** Other programs are compiled already; the time covers their choice of kernels. */
  private static final long PEER_WARM_UP_NANOS = 500_000_000L;

  private static final Duration PAUSE = Duration.ofMillis(10);

  private final Runnable launch;
  private final Optional<LimitProbe.Meter> meter;
  private final List<Runnable> peers;

  /** One round of measurements; times are nanoseconds of one launch. */
  record Round(double nanos, Map<Limit, Double> limits, List<Double> peers, boolean interrupted) {}

  Stopwatch(Runnable launch, Optional<LimitProbe.Meter> meter, List<Runnable> peers) {
    this.launch = launch;
    this.meter = meter;
    this.peers = peers;
  }

  /** Warms up and measures. */
  List<Round> measure(Benchmark.Effort effort) {
    long warmUp = effort.warmUp().toNanos();
    int launches = warmUp(launch, warmUp, WARM_UP_LAUNCHES);
    int[] peerLaunches =
        peers.stream()
            .mapToInt(peer -> warmUp(peer, Math.min(warmUp, PEER_WARM_UP_NANOS), 2))
            .toArray();
    List<Round> result = new ArrayList<>();
    for (int i = 0; i < effort.rounds(); i++) {
      Map<Limit, Double> limits = limits();
      long before = Interruptions.count();
      double nanos = time(launch, launches);
      boolean interrupted = Interruptions.count() != before;
      // Memory and clocks change from one moment to the next: both sides of the sample count.
      limits().forEach((limit, value) -> limits.merge(limit, value, (a, b) -> (a + b) / 2));
      List<Double> others = new ArrayList<>();
      for (int p = 0; p < peers.size(); p++) {
        pause();
        others.add(time(peers.get(p), peerLaunches[p]));
      }
      if (!peers.isEmpty()) {
        pause();
      }
      result.add(new Round(nanos, limits, others, interrupted));
    }
    return result;
  }

  private Map<Limit, Double> limits() {
    Map<Limit, Double> values = new EnumMap<>(Limit.class);
    for (Limit limit : Limit.values()) {
      meter.flatMap(m -> m.measure(limit)).ifPresent(value -> values.put(limit, value));
    }
    return values;
  }

  /** Lets threads of another program that spin for their next task go to sleep. */
  private static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs until the compiler is done, and returns how many launches make a sample. */
  private static int warmUp(Runnable work, long least, int leastLaunches) {
    long start = System.nanoTime();
    long elapsed;
    long last;
    int count = 0;
    do {
      long before = System.nanoTime();
      work.run();
      count++;
      last = System.nanoTime() - before;
      elapsed = System.nanoTime() - start;
    } while (elapsed < LONGEST_WARM_UP_NANOS && (elapsed < least || count < leastLaunches));
    return Math.clamp(SAMPLE_NANOS / Math.max(1, last), 1, 100_000);
  }

  private static double time(Runnable work, int launches) {
    long start = System.nanoTime();
    for (int i = 0; i < launches; i++) {
      work.run();
    }
    return (System.nanoTime() - start) / (double) launches;
  }
}

package org.touchstone.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Hal;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.spi.LimitProbe;

/**
 * Runs JMH with its own options, then holds every result that has a floor against the FP32 limit of
 * one thread, probed before and after. A vector that the JVM boxes is no test failure and 100 times
 * slower: here it fails.
 */
public final class Benchmarks {
  /** Least share of the limit. */
  private static final List<Floor> FLOORS =
      List.of(
          new Floor("ProductBenchmark", Kernels.Provider.VECTOR, "m", 96, 0.3),
          new Floor("ProductBenchmark", Kernels.Provider.NATIVE, "m", 96, 0.5),
          new Floor("AttentionBenchmark", Kernels.Provider.VECTOR, "rows", 64, 0.2),
          new Floor("AttentionBenchmark", Kernels.Provider.NATIVE, "rows", 64, 0.4));

  private static final int PROBES = 9;

  private Benchmarks() {}

  /** What a benchmark must reach with a value of a parameter. */
  private record Floor(
      String benchmark, Kernels.Provider provider, String parameter, int value, double share) {
    boolean covers(RunResult result) {
      return result.getParams().getBenchmark().contains("." + benchmark + ".")
          && provider.name().equals(result.getParams().getParam("provider"))
          && Integer.toString(value).equals(result.getParams().getParam(parameter));
    }

    /** Returns the floating-point operations of one call. */
    double operations() {
      return benchmark.startsWith("Product")
          ? 2.0 * value * MicroKernels.PRODUCT_COLUMNS * ProductBenchmark.K
          : 4.0 * value * AttentionBenchmark.KEYS * AttentionBenchmark.DIM;
    }
  }

  /** Runs what the options of JMH name; the exit status is 1 when a floor is missed. */
  public static void main(String[] options) throws RunnerException, CommandLineOptionException {
    // The forks of JMH measure one thread each, and so does the probe.
    System.setProperty("touchstone.cpu.threads", "1");
    List<Double> limits = new ArrayList<>(probe());
    Collection<RunResult> results = new Runner(new CommandLineOptions(options)).run();
    limits.addAll(probe());
    double limit = limits.stream().sorted().toList().get(limits.size() / 2);
    boolean missed = false;
    for (RunResult result : results) {
      Optional<Floor> floor = FLOORS.stream().filter(f -> f.covers(result)).findFirst();
      if (floor.isPresent()) {
        double share = floor.get().operations() * result.getPrimaryResult().getScore() / limit;
        missed |= share < floor.get().share();
        System.out.printf(
            Locale.ROOT,
            "%s %s %s: %.0f %% of the FP32 limit %.1f GFLOP/s, floor %.0f %%%s%n",
            result.getParams().getBenchmark().replaceAll(".*\\.(\\w+\\.\\w+)$", "$1"),
            floor.get().provider(),
            Arrays.toString(
                result.getParams().getParamsKeys().stream()
                    .map(key -> key + "=" + result.getParams().getParam(key))
                    .toArray()),
            100 * share,
            limit / 1e9,
            100 * floor.get().share(),
            share < floor.get().share() ? ": MISSED" : "");
      }
    }
    System.exit(missed ? 1 : 0);
  }

  /** Returns operations per second of one thread, some times. */
  private static List<Double> probe() {
    try (Hal hal = Hal.open()) {
      DeviceInfo device =
          hal.devices().stream()
              .filter(d -> d.uri().equals("cpu://simd"))
              .findFirst()
              .orElseThrow(() -> new IllegalStateException("there is no cpu://simd"));
      LimitProbe.Meter meter =
          ServiceLoader.load(LimitProbe.class).stream()
              .flatMap(provider -> provider.get().open(device).stream())
              .findFirst()
              .orElseThrow(() -> new IllegalStateException("no probe knows " + device.uri()));
      try (meter) {
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < PROBES; i++) {
          meter.measure(LimitProbe.Limit.F32).ifPresent(values::add);
        }
        return values;
      }
    }
  }
}

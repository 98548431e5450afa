package org.touchstone.conformance.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.report.ReportDiff.Change;
import org.touchstone.conformance.report.ReportDiff.Kind;

/**
 * Compares the times of the cases that ran in both runs, operator by operator: a case's own is too
 * short to tell. They include the reference, and what else the machine had to do.
 *
 * <p>A busier machine makes everything slower, and not evenly. So operators are compared with what
 * most of them did: the median over the operators of a device is the shift of the run, and the
 * distance from it within which four fifths of the operators stay is its noise. An operator changed
 * when it leaves the shift by a quarter, by twice that noise, and by three standard errors of the
 * median of its own cases' ratios, estimated from the median absolute deviation. With few operators
 * neither shift nor noise is known, and only a change that a neighbour on the machine does not make
 * counts: threefold. With few cases their sum has to change twofold and by a second.
 */
final class CaseTimes {
  /** Cases of an operator that tell their own noise. */
  private static final int ENOUGH = 8;

  /** Operators of a device that tell the shift of the run. */
  private static final int ENOUGH_OPERATORS = 5;

  private static final double FACTOR = 1.25;
  private static final double FACTOR_OF_FEW_OPERATORS = 3;
  private static final double SIGMAS = 3;

  /** The part of the operators that stays within the noise of the run, and how far it reaches. */
  private static final double WITHIN = 0.8;

  private static final double NOISES = 2;

  /** Makes the median absolute deviation a standard deviation, for normal noise. */
  private static final double NORMAL = 1.4826;

  /** Standard error of a median over that of a mean: the square root of pi / 2. */
  private static final double OF_MEDIAN = 1.2533;

  /** Least change of the sum, in seconds: below, start-up is what differs. */
  private static final double LEAST = 0.1;

  private static final double FEW_FACTOR = 2;
  private static final double FEW_SECONDS = 1;

  /** What a whole run did: both are logarithms of a ratio. */
  private record Drift(double shift, double noise) {
    static Drift of(Collection<CaseTimes> operators) {
      double[] medians = operators.stream().mapToDouble(times -> median(times.logs())).toArray();
      if (medians.length < ENOUGH_OPERATORS) {
        return new Drift(0, Math.log(FACTOR_OF_FEW_OPERATORS) / NOISES);
      }
      double shift = median(medians);
      double[] apart = Arrays.stream(medians).map(m -> Math.abs(m - shift)).sorted().toArray();
      return new Drift(shift, apart[(int) Math.ceil(WITHIN * apart.length) - 1]);
    }
  }

  private final String op;
  private final List<double[]> pairs = new ArrayList<>();

  private CaseTimes(String op) {
    this.op = op;
  }

  /**
   * Compares the times of two runs.
   *
   * @param changes takes the operators that became slower or faster
   * @param facts takes a line for a device on which everything did
   */
  static void compare(
      Map<List<String>, CaseResult> before,
      Map<List<String>, CaseResult> after,
      List<Change> changes,
      List<String> facts) {
    Map<String, Map<String, CaseTimes>> devices = new LinkedHashMap<>();
    after.forEach(
        (key, row) -> {
          CaseResult old = before.get(key);
          if (old != null && row.outcome().executed() && old.outcome().executed()) {
            devices
                .computeIfAbsent(row.device(), device -> new LinkedHashMap<>())
                .computeIfAbsent(row.op(), CaseTimes::new)
                .pairs
                .add(new double[] {old.nanos() * 1e-9, row.nanos() * 1e-9});
          }
        });
    devices.forEach(
        (device, operators) -> {
          Drift drift = Drift.of(operators.values());
          if (Math.abs(drift.shift()) > Math.log(FACTOR)) {
            facts.add(
                String.format(
                    Locale.ROOT,
                    "%s: everything takes x%.2f of its time, in the middle of %d operators; each is"
                        + " compared with that",
                    device,
                    Math.exp(drift.shift()),
                    operators.size()));
          }
          operators.values().forEach(times -> times.change(device, drift, changes));
        });
  }

  private double[] logs() {
    return pairs.stream()
        .filter(p -> p[0] > 0 && p[1] > 0)
        .mapToDouble(p -> Math.log(p[1] / p[0]))
        .toArray();
  }

  private void change(String device, Drift drift, List<Change> changes) {
    double before = pairs.stream().mapToDouble(p -> p[0]).sum();
    double after = pairs.stream().mapToDouble(p -> p[1]).sum();
    double expected = before * Math.exp(drift.shift());
    double[] logs = logs();
    double median = median(logs);
    double own = median - drift.shift();
    boolean changed =
        logs.length >= ENOUGH
            ? beyondNoise(logs, median, own, drift) && Math.abs(after - expected) > LEAST
            : Math.abs(after - expected) > FEW_SECONDS
                && Math.max(after, expected) > FEW_FACTOR * Math.min(after, expected);
    if (changed) {
      boolean slower = logs.length >= ENOUGH ? own > 0 : after > expected;
      changes.add(
          new Change(
              slower ? Kind.SLOWER : Kind.FASTER,
              device,
              op,
              String.format(
                  Locale.ROOT,
                  "%.1f s -> %.1f s, median of %d cases x%.2f",
                  before,
                  after,
                  pairs.size(),
                  Math.exp(median))));
    }
  }

  private static boolean beyondNoise(double[] logs, double median, double own, Drift drift) {
    double deviation =
        median(Arrays.stream(logs).map(log -> Math.abs(log - median)).toArray()) * NORMAL;
    double error = OF_MEDIAN * deviation / Math.sqrt(logs.length);
    return Math.abs(own) > Math.log(FACTOR)
        && Math.abs(own) > NOISES * drift.noise()
        && Math.abs(own) > SIGMAS * error;
  }

  private static double median(double[] values) {
    if (values.length == 0) {
      return 0;
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}

package org.touchstone.conformance.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.report.ReportDiff.Change;
import org.touchstone.conformance.report.ReportDiff.Kind;

/**
 * Compares the times of the cases that ran in both runs, operator by operator: a case's own is too
 * short to tell. They include the reference.
 *
 * <p>With enough cases the noise is known: the median of the cases' ratios has to leave 1 by a
 * quarter and by three of its standard errors, estimated from the median absolute deviation. With
 * fewer, the sum has to change twofold and by a second.
 */
final class CaseTimes {
  private static final int ENOUGH = 8;
  private static final double FACTOR = 1.25;
  private static final double SIGMAS = 3;

  /** Makes the median absolute deviation a standard deviation, for normal noise. */
  private static final double NORMAL = 1.4826;

  /** Standard error of a median over that of a mean: the square root of pi / 2. */
  private static final double OF_MEDIAN = 1.2533;

  /** Least change of the sum, in seconds: below, start-up is what differs. */
  private static final double LEAST = 0.1;

  private static final double FEW_FACTOR = 2;
  private static final double FEW_SECONDS = 1;

  private final List<double[]> pairs = new ArrayList<>();

  private CaseTimes() {}

  /** Returns the operators that became slower or faster. */
  static List<Change> compare(
      Map<List<String>, CaseResult> before, Map<List<String>, CaseResult> after) {
    Map<List<String>, CaseTimes> ops = new LinkedHashMap<>();
    after.forEach(
        (key, row) -> {
          CaseResult old = before.get(key);
          if (old != null && row.outcome().executed() && old.outcome().executed()) {
            ops.computeIfAbsent(List.of(row.device(), row.op()), k -> new CaseTimes())
                .pairs
                .add(new double[] {old.nanos() * 1e-9, row.nanos() * 1e-9});
          }
        });
    List<Change> changes = new ArrayList<>();
    ops.forEach((key, times) -> times.change(key.get(0), key.get(1), changes));
    return changes;
  }

  private void change(String device, String op, List<Change> changes) {
    double before = pairs.stream().mapToDouble(p -> p[0]).sum();
    double after = pairs.stream().mapToDouble(p -> p[1]).sum();
    double[] logs =
        pairs.stream()
            .filter(p -> p[0] > 0 && p[1] > 0)
            .mapToDouble(p -> Math.log(p[1] / p[0]))
            .toArray();
    double median = median(logs);
    boolean changed =
        logs.length >= ENOUGH
            ? beyondNoise(logs, median) && Math.abs(after - before) > LEAST
            : Math.abs(after - before) > FEW_SECONDS
                && Math.max(after, before) > FEW_FACTOR * Math.min(after, before);
    if (changed) {
      boolean slower = logs.length >= ENOUGH ? median > 0 : after > before;
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

  private static boolean beyondNoise(double[] logs, double median) {
    double deviation =
        median(Arrays.stream(logs).map(log -> Math.abs(log - median)).toArray()) * NORMAL;
    double error = OF_MEDIAN * deviation / Math.sqrt(logs.length);
    return Math.abs(median) > Math.log(FACTOR) && Math.abs(median) > SIGMAS * error;
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

package org.touchstone.conformance.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.touchstone.conformance.bench.BenchReport;
import org.touchstone.conformance.bench.Measurement;
import org.touchstone.conformance.bench.Measurement.Times;
import org.touchstone.conformance.report.ReportDiff.Change;
import org.touchstone.conformance.report.ReportDiff.Kind;

/**
 * Compares two benchmarks. A workload is slower when nine samples of ten of the later run are above
 * nine of ten of the earlier one, and by more than a fiftieth; faster likewise.
 */
public final class BenchDiff {
  private static final double LEAST_FACTOR = 1.02;

  private BenchDiff() {}

  /** Compares two runs, workload by workload. */
  public static ReportDiff of(BenchReport before, BenchReport after) {
    Map<List<String>, Measurement> earlier = index(before);
    Map<List<String>, Measurement> later = index(after);
    List<Change> changes = new ArrayList<>();
    later.forEach(
        (key, now) -> {
          Measurement old = earlier.get(key);
          if (old == null) {
            changes.add(change(Kind.NEW, now, "not in the report -> " + figure(now)));
          } else {
            compare(old, now, changes);
          }
        });
    earlier.forEach(
        (key, old) -> {
          if (!later.containsKey(key)) {
            changes.add(change(Kind.LOST, old, figure(old) + " -> not in the report"));
          }
        });
    return new ReportDiff(changes, ReportDiff.differences(before.machine(), after.machine()));
  }

  private static Map<List<String>, Measurement> index(BenchReport report) {
    Map<List<String>, Measurement> measurements = new LinkedHashMap<>();
    report.measurements().forEach(m -> measurements.put(List.of(m.device(), m.name()), m));
    return measurements;
  }

  private static void compare(Measurement old, Measurement now, List<Change> changes) {
    String detail = figure(old) + " -> " + figure(now);
    if (old.times().isPresent() && now.times().isPresent()) {
      Times a = old.times().get();
      Times b = now.times().get();
      if (b.p10() > a.p90() && b.median() > LEAST_FACTOR * a.median()) {
        changes.add(change(Kind.SLOWER, now, detail));
      } else if (b.p90() < a.p10() && a.median() > LEAST_FACTOR * b.median()) {
        changes.add(change(Kind.FASTER, now, detail));
      }
    } else if (old.times().isPresent()) {
      changes.add(change(Kind.NEW_FAILURE, now, detail));
    } else if (now.times().isPresent()) {
      changes.add(change(Kind.FIXED, now, detail));
    }
  }

  private static String figure(Measurement m) {
    return m.times()
        .map(
            t ->
                String.format(
                    Locale.ROOT,
                    "%.1f us (%.1f..%.1f)",
                    t.median() / 1e3,
                    t.p10() / 1e3,
                    t.p90() / 1e3))
        .or(m::problem)
        .orElse("no figures");
  }

  private static Change change(Kind kind, Measurement m, String detail) {
    return new Change(kind, m.device(), m.name(), detail);
  }
}

package org.touchstone.conformance.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.judge.Metrics;

/**
 * What changed from one run to another, case by case.
 *
 * @param changes in the order of the later run, then what it lost
 * @param environment facts that differ, a line each; times are then of two machines, or of one that
 *     had something else to do
 */
public record ReportDiff(List<Change> changes, List<String> environment) {
  /** Factor of the normalised mean square error from which it counts as grown. */
  private static final double NMSE_GROWTH = 4;

  /** Below this the error is that of the last bit of an FP32 result. */
  private static final double NMSE_FLOOR = 1e-14;

  /** Growth of the largest error over its bound that counts, as a factor and as a difference. */
  private static final double RATIO_GROWTH = 2;

  private static final double RATIO_STEP = 0.25;

  /** What kind of change it is; the first three make a comparison fail. */
  public enum Kind {
    /** It fails and did not before. */
    NEW_FAILURE,
    /** It ran before and is refused, skipped or gone now. */
    LOST,
    /** The error grew, within its bound. */
    ERROR_GREW,
    /** An operator's cases take longer. */
    SLOWER,
    /** An operator's cases take less time. */
    FASTER,
    /** It failed before and passes now. */
    FIXED,
    /** It did not run before. */
    NEW;

    /** Returns the name in reports, for example {@code new failure}. */
    public String label() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** Returns whether it makes a comparison fail. */
    public boolean regression() {
      return this == NEW_FAILURE || this == LOST || this == ERROR_GREW;
    }
  }

  /**
   * One change.
   *
   * @param device URI of the device
   * @param name the case, or the operator for times
   * @param detail before and after, in one line
   */
  public record Change(Kind kind, String device, String name, String detail) {}

  /** Copies the list. */
  public ReportDiff {
    changes = List.copyOf(changes);
    environment = List.copyOf(environment);
  }

  /** Compares two runs. */
  public static ReportDiff of(ConformanceReport before, ConformanceReport after) {
    Map<List<String>, CaseResult> earlier = index(before);
    Map<List<String>, CaseResult> later = index(after);
    List<Change> changes = new ArrayList<>();
    later.forEach(
        (key, row) -> {
          CaseResult old = earlier.get(key);
          if (old == null) {
            appeared(row, changes);
          } else {
            compare(old, row, changes);
          }
        });
    earlier.forEach(
        (key, row) -> {
          if (!later.containsKey(key) && row.outcome().executed()) {
            changes.add(change(Kind.LOST, row, row.outcome().label() + " -> not in the report"));
          }
        });
    List<String> facts = new ArrayList<>(differences(before.environment(), after.environment()));
    CaseTimes.compare(earlier, later, changes, facts);
    return new ReportDiff(changes, facts);
  }

  /** Returns the facts that two environments do not share, a line each. */
  public static List<String> differences(Map<String, String> before, Map<String, String> after) {
    Set<String> names = new LinkedHashSet<>(before.keySet());
    names.addAll(after.keySet());
    return names.stream()
        .filter(name -> !Objects.equals(before.get(name), after.get(name)))
        .map(
            name ->
                name
                    + ": "
                    + before.getOrDefault(name, "nothing")
                    + " -> "
                    + after.getOrDefault(name, "nothing"))
        .toList();
  }

  /** Returns the changes of a kind. */
  public List<Change> of(Kind kind) {
    return changes.stream().filter(c -> c.kind() == kind).toList();
  }

  /** Returns whether something is worse than before. */
  public boolean regressed() {
    return changes.stream().anyMatch(c -> c.kind().regression());
  }

  private static Map<List<String>, CaseResult> index(ConformanceReport report) {
    Map<List<String>, CaseResult> rows = new LinkedHashMap<>();
    report.results().forEach(r -> rows.put(List.of(r.device(), r.name()), r));
    return rows;
  }

  private static void appeared(CaseResult row, List<Change> changes) {
    if (row.outcome().failing()) {
      changes.add(change(Kind.NEW_FAILURE, row, "not in the report -> " + outcome(row)));
    } else if (row.outcome().executed()) {
      changes.add(change(Kind.NEW, row, "not in the report -> " + row.outcome().label()));
    }
  }

  private static void compare(CaseResult old, CaseResult row, List<Change> changes) {
    String detail = old.outcome().label() + " -> " + outcome(row);
    boolean failed = old.outcome().failing();
    if (row.outcome().failing()) {
      if (!failed) {
        changes.add(change(Kind.NEW_FAILURE, row, detail));
      }
    } else if (!row.outcome().executed()) {
      if (old.outcome().executed()) {
        changes.add(change(Kind.LOST, row, detail));
      }
    } else if (failed) {
      changes.add(change(Kind.FIXED, row, detail));
    } else if (!old.outcome().executed()) {
      changes.add(change(Kind.NEW, row, detail));
    } else if (old.metrics().isPresent() && row.metrics().isPresent()) {
      Metrics a = old.metrics().get();
      Metrics b = row.metrics().get();
      if (b.nmse() > NMSE_FLOOR && b.nmse() > NMSE_GROWTH * a.nmse()) {
        changes.add(grew(row, "nmse %.3g -> %.3g", a.nmse(), b.nmse()));
      } else if (b.errorOverBound() > RATIO_GROWTH * a.errorOverBound()
          && b.errorOverBound() > a.errorOverBound() + RATIO_STEP) {
        changes.add(grew(row, "error/bound %.3g -> %.3g", a.errorOverBound(), b.errorOverBound()));
      }
    }
  }

  private static Change grew(CaseResult row, String format, double before, double after) {
    return change(Kind.ERROR_GREW, row, String.format(Locale.ROOT, format, before, after));
  }

  private static String outcome(CaseResult row) {
    return row.outcome().label() + (row.reason().isEmpty() ? "" : ": " + row.reason());
  }

  private static Change change(Kind kind, CaseResult row, String detail) {
    return new Change(kind, row.device(), row.name(), detail);
  }
}

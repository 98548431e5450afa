package org.touchstone.conformance.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.MutantResult;

/** Joins the reports of several runs, of shards or of devices. */
public final class ReportMerge {
  private static final List<ExitCode> BY_SEVERITY =
      List.of(
          ExitCode.OK,
          ExitCode.SKIP_BUDGET,
          ExitCode.DEVICE_MISSING,
          ExitCode.FAILURE,
          ExitCode.USAGE,
          ExitCode.INTERNAL);

  private ReportMerge() {}

  /**
   * Joins reports. Where two have a row of the same device and case, a failing one stays; shards
   * share none but summaries. The exit code is the worst.
   */
  public static ConformanceReport of(List<ConformanceReport> reports) {
    Map<List<String>, CaseResult> rows = new LinkedHashMap<>();
    Map<List<String>, MutantResult> mutants = new LinkedHashMap<>();
    Map<String, Set<String>> facts = new LinkedHashMap<>();
    Set<String> notes = new LinkedHashSet<>();
    ExitCode exit = ExitCode.OK;
    for (ConformanceReport report : reports) {
      for (CaseResult row : report.results()) {
        rows.merge(List.of(row.device(), row.name()), row, (a, b) -> b.outcome().failing() ? b : a);
      }
      for (MutantResult mutant : report.mutants()) {
        mutants.merge(
            List.of(mutant.device(), mutant.name()), mutant, (a, b) -> b.killed() ? a : b);
      }
      report
          .environment()
          .forEach((k, v) -> facts.computeIfAbsent(k, key -> new LinkedHashSet<>()).add(v));
      notes.addAll(report.notes());
      if (BY_SEVERITY.indexOf(report.exit()) > BY_SEVERITY.indexOf(exit)) {
        exit = report.exit();
      }
    }
    Map<String, String> environment = new LinkedHashMap<>();
    facts.forEach((key, values) -> environment.put(key, String.join(" | ", values)));
    List<CaseResult> ordered = new ArrayList<>(rows.values());
    // Shards interleave; rows of a device and operator belong together.
    ordered.sort(Comparator.comparing(CaseResult::device).thenComparing(CaseResult::op));
    List<MutantResult> matrix = new ArrayList<>(mutants.values());
    matrix.sort(Comparator.comparing(MutantResult::device).thenComparing(MutantResult::name));
    return new ConformanceReport(ordered, matrix, environment, List.copyOf(notes), exit);
  }
}

package org.touchstone.conformance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The result of a run.
 *
 * @param results one row per device and case, in a fixed order
 * @param mutants one row per seeded defect; empty unless the suite was to be proven
 * @param environment facts about the machine and the devices, in a fixed order
 * @param notes what a reader should know: budgets, families that operators do not have
 * @param exit what the process should exit with
 */
public record ConformanceReport(
    List<CaseResult> results,
    List<MutantResult> mutants,
    Map<String, String> environment,
    List<String> notes,
    ExitCode exit) {
  /** Copies lists and map. */
  public ConformanceReport {
    results = List.copyOf(results);
    mutants = List.copyOf(mutants);
    environment = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    notes = List.copyOf(notes);
  }

  /** Counts all rows. */
  public Counters total() {
    return Counters.of(results);
  }

  /** Counts the rows of each device, in the order of the rows. */
  public Map<String, Counters> byDevice() {
    Map<String, List<CaseResult>> rows = new LinkedHashMap<>();
    results.forEach(r -> rows.computeIfAbsent(r.device(), d -> new java.util.ArrayList<>()).add(r));
    Map<String, Counters> counters = new LinkedHashMap<>();
    rows.forEach((device, list) -> counters.put(device, Counters.of(list)));
    return counters;
  }

  /** Returns the defects that no case caught. */
  public List<MutantResult> survivors() {
    return mutants.stream().filter(m -> !m.killed()).toList();
  }
}

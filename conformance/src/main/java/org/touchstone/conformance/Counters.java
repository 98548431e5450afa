package org.touchstone.conformance;

import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * Number of cases by outcome.
 *
 * @param byOutcome one entry per outcome
 */
public record Counters(Map<Outcome, Integer> byOutcome) {
  /** Copies the map and completes it with zeros. */
  public Counters {
    Map<Outcome, Integer> complete = new EnumMap<>(Outcome.class);
    for (Outcome outcome : Outcome.values()) {
      complete.put(outcome, byOutcome.getOrDefault(outcome, 0));
    }
    byOutcome = Collections.unmodifiableMap(complete);
  }

  /** Counts results. */
  public static Counters of(Collection<CaseResult> results) {
    Map<Outcome, Integer> counts = new EnumMap<>(Outcome.class);
    results.forEach(r -> counts.merge(r.outcome(), 1, Integer::sum));
    return new Counters(counts);
  }

  /** Returns the number of cases with an outcome. */
  public int of(Outcome outcome) {
    return byOutcome.getOrDefault(outcome, 0);
  }

  /** Returns the number of cases. */
  public int cases() {
    return byOutcome.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Returns the number of cases that ran. */
  public int executed() {
    return byOutcome.entrySet().stream()
        .filter(e -> e.getKey().executed())
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  /** Returns the number of cases that make the run fail. */
  public int failing() {
    return byOutcome.entrySet().stream()
        .filter(e -> e.getKey().failing())
        .mapToInt(Map.Entry::getValue)
        .sum();
  }
}

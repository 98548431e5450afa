package org.touchstone.conformance.judge;

import java.util.List;

/**
 * What the judge found in one output.
 *
 * @param slot the output
 * @param judged elements compared
 * @param wrong elements outside their bounds
 * @param findings up to a few lines: the worst element first
 * @param metrics how close the elements are
 * @param bias signed rounding error of the elements that qualify
 */
public record Judgement(
    String slot, long judged, long wrong, List<String> findings, Metrics metrics, Bias bias) {
  /** Copies the list. */
  public Judgement {
    findings = List.copyOf(findings);
  }

  /** Returns whether every judged element is right. */
  public boolean passed() {
    return wrong == 0;
  }
}

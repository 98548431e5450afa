package org.touchstone.conformance.run;

import java.util.Map;
import java.util.Optional;
import org.touchstone.api.format.DType;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.judge.Bias;
import org.touchstone.conformance.judge.Metrics;

/**
 * What running one case on one device showed.
 *
 * @param outcome what became of it
 * @param reason why, in one line; empty for a pass
 * @param metrics how close the outputs are, when values were judged
 * @param kernel the kernel; empty when none was chosen
 * @param traits what it declares, in one line
 * @param bias signed rounding errors by output type, of the random family only
 */
public record CaseReport(
    Outcome outcome,
    String reason,
    Optional<Metrics> metrics,
    String kernel,
    String traits,
    Map<DType, Bias> bias) {
  /** A case that did not get as far as a kernel. */
  public static CaseReport without(Outcome outcome, String reason) {
    return new CaseReport(outcome, reason, Optional.empty(), "", "", Map.of());
  }

  /** Returns this report with a failure, before values were judged. */
  public CaseReport failing(Outcome failure, String why) {
    return new CaseReport(failure, why, metrics, kernel, traits, Map.of());
  }
}

package org.touchstone.conformance;

import java.util.Optional;
import org.touchstone.conformance.judge.Metrics;

/**
 * One row of a report.
 *
 * @param device URI of the device
 * @param name complete name of the case
 * @param op the operator's name, or the group of a check
 * @param outcome what became of it
 * @param reason why, in one line; empty for a pass
 * @param metrics how close the outputs are, when values were judged
 * @param kernel the kernel that ran; empty when none did
 * @param traits what the kernel declares, in one line
 * @param nanos how long the case took, reference included
 */
public record CaseResult(
    String device,
    String name,
    String op,
    Outcome outcome,
    String reason,
    Optional<Metrics> metrics,
    String kernel,
    String traits,
    long nanos) {
  static final String BIAS = "bias/";
  static final String EXPECTATIONS = "expectations/";
  static final String LEFT_BEHIND = "memory/left_behind";
  static final String GUARDS = "memory/guards";

  /** Checks that everything but a pass says why. */
  public CaseResult {
    if (outcome != Outcome.PASS && reason.isBlank()) {
      throw new IllegalArgumentException(name + " is " + outcome + " without a reason");
    }
  }

  /** Returns the command that runs the case, or what a summarising row is about, again. */
  public String repro() {
    String again = "./touchstone conformance --device " + device;
    if (name.startsWith(BIAS)) {
      return again + " --op " + op;
    }
    boolean ofRun =
        name.startsWith(EXPECTATIONS) || name.equals(LEFT_BEHIND) || name.equals(GUARDS);
    return ofRun ? again : again + " --case " + name;
  }

  /** Returns this row with another outcome. */
  public CaseResult with(Outcome other, String why) {
    return new CaseResult(device, name, op, other, why, metrics, kernel, traits, nanos);
  }
}

package org.touchstone.conformance.checks;

import java.util.List;
import java.util.Optional;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;

/**
 * A named check.
 *
 * @param group its group
 * @param op the operator's name, or the group again
 * @param name complete name
 * @param level lowest level
 * @param body what it does
 */
record Check(String group, String op, String name, Level level, Body body) implements Item {
  private static final int MOST_MISTAKES = 4;

  /** Does the checking. */
  @FunctionalInterface
  interface Body {
    /** Returns one line for every mistake, or why the check does not apply to the device. */
    Finding look(Lane lane);
  }

  /**
   * What a check found.
   *
   * @param mistakes one line each; empty when all is well
   * @param unsupported why the device cannot be checked
   */
  record Finding(List<String> mistakes, Optional<String> unsupported) {
    static final Finding NOTHING = new Finding(List.of(), Optional.empty());

    static Finding of(List<String> mistakes) {
      return new Finding(List.copyOf(mistakes), Optional.empty());
    }

    static Finding unsupported(String reason) {
      return new Finding(List.of(), Optional.of(reason));
    }
  }

  /** A check of the device. */
  static Check of(String group, String what, Level level, Body body) {
    return new Check(group, group, group + "/" + what, level, body);
  }

  private static String text(List<String> mistakes) {
    String first = String.join("; ", mistakes.stream().limit(MOST_MISTAKES).toList());
    int more = mistakes.size() - MOST_MISTAKES;
    return more > 0 ? first + "; and " + more + " more" : first;
  }

  @Override
  public CaseReport run(Lane lane) {
    return report(body.look(lane));
  }

  /** Turns a finding into a report. */
  static CaseReport report(Finding finding) {
    if (finding.unsupported().isPresent()) {
      return CaseReport.without(Outcome.UNSUPPORTED, finding.unsupported().get());
    }
    return finding.mistakes().isEmpty()
        ? CaseReport.without(Outcome.PASS, "")
        : CaseReport.without(Outcome.FAIL, text(finding.mistakes()));
  }
}

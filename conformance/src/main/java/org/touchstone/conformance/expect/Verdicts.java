package org.touchstone.conformance.expect;

import java.util.Optional;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.expect.Expectations.Kind;
import org.touchstone.conformance.expect.Expectations.Line;

/** Applies expectations to results. */
public final class Verdicts {
  private Verdicts() {}

  /** Returns a result as the expectations of a version make it. */
  public static CaseResult of(CaseResult result, Expectations expectations, String version) {
    Optional<Line> found = expectations.of(result.name());
    if (found.isEmpty()) {
      return result;
    }
    Line line = found.get();
    if (line.endedIn(version)) {
      return result.outcome().failing()
          ? result.with(
              result.outcome(),
              result.reason() + " (the expectation at " + line.where() + " has ended)")
          : result;
    }
    String known = line.code() + ": " + line.text() + " (" + line.where() + ")";
    boolean refused = result.outcome() == Outcome.UNSUPPORTED;
    if (result.outcome() == Outcome.PASS) {
      return result.with(Outcome.XPASS, "passes, remove the expectation " + known);
    }
    if (line.kind() == Kind.UNSUPPORTED && refused && !result.reason().startsWith(line.code())) {
      return result.with(Outcome.FAIL, "refused for " + result.reason() + "; expected " + known);
    }
    if (line.kind() == Kind.XFAIL && result.outcome().failing()) {
      return result.with(Outcome.XFAIL, known + "; " + result.reason());
    }
    return result;
  }
}

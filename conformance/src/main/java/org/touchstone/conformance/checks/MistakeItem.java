package org.touchstone.conformance.checks;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.touchstone.api.Verdict;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;

/** A case with one mistake in its arguments, drawn at random. */
public final class MistakeItem implements Item {
  private static final Pattern NAME = Pattern.compile("arguments/([a-z_]+)\\+(\\d{1,4})/(.+)");

  private final TestCase testCase;
  private final Mistake mistake;
  private final int pick;

  private MistakeItem(TestCase testCase, Mistake mistake, int pick) {
    this.testCase = testCase;
    this.mistake = mistake;
    this.pick = pick;
  }

  /**
   * Draws a mistake; empty when the case leaves no room for it.
   *
   * @param kind chooses the kind of mistake, counted around
   * @param pick chooses the tensor that it is made in
   */
  public static Optional<Item> draw(TestCase testCase, long kind, int pick) {
    List<Mistake> mistakes = List.of(Mistake.values());
    return of(testCase, mistakes.get((int) (kind % mistakes.size())), pick);
  }

  private static Optional<Item> of(TestCase testCase, Mistake mistake, int pick) {
    return MistakeContext.leavesRoom(testCase, mistake)
        ? Optional.of(new MistakeItem(testCase, mistake, pick))
        : Optional.empty();
  }

  static Optional<Item> find(CaseCatalog cases, String name) {
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    for (Mistake mistake : Mistake.values()) {
      if (mistake.label().equals(matcher.group(1).toLowerCase(Locale.ROOT))) {
        int pick = Integer.parseInt(matcher.group(2));
        return cases.find(matcher.group(3)).flatMap(testCase -> of(testCase, mistake, pick));
      }
    }
    return Optional.empty();
  }

  @Override
  public String name() {
    return "arguments/" + mistake.label() + "+" + pick + "/" + testCase.name();
  }

  @Override
  public String op() {
    return testCase.op().opName();
  }

  @Override
  public String group() {
    return "arguments";
  }

  @Override
  public Level level() {
    return Level.L3;
  }

  @Override
  public Optional<TestCase> testCase() {
    return Optional.of(testCase);
  }

  @Override
  public Item like(TestCase other) {
    return new MistakeItem(other, mistake, pick);
  }

  @Override
  public CaseReport run(Lane lane) {
    if (lane.session().device().support(testCase.spec()) instanceof Verdict.No no) {
      return CaseReport.without(
          Outcome.UNSUPPORTED, no.reason().code() + ": " + no.reason().detail());
    }
    return Check.report(ArgumentChecks.look(testCase, mistake, pick, lane));
  }

  @Override
  public String toString() {
    return name();
  }
}

package org.touchstone.conformance.checks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.checks.Check.Finding;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;
import org.touchstone.conformance.run.Launch;
import org.touchstone.conformance.run.Session;

/**
 * Lets the first, the second, ... allocation of a launch fail, until none does: each time the
 * failure must be OUT_OF_MEMORY, nothing may stay allocated, and the next try must work.
 */
final class AllocationCheck {
  private static final int MOST = 64;

  private AllocationCheck() {}

  static Item of(OpBase base) {
    return new Check(
        "allocation",
        base.op().opName(),
        "allocation/" + base.op().opName() + "/nth_fails",
        Level.L3,
        lane -> look(base, lane));
  }

  private static Finding look(OpBase base, Lane lane) {
    Optional<TestCase> found = base.on(lane.session().device());
    if (found.isEmpty()) {
      return base.missing();
    }
    // A device of its own: other lanes must not meet the failures.
    try (Session session = lane.session().reopen()) {
      return look(found.get().spec(), found.get(), session);
    }
  }

  private static <A extends Args> Finding look(OpSpec<A> spec, TestCase testCase, Session session) {
    List<String> mistakes = new ArrayList<>();
    Operator<A> operator = session.prepare(spec);
    for (int nth = 1; nth <= MOST; nth++) {
      long before = session.observation().usage().liveBytes();
      session.observation().failAt(nth);
      boolean failed = false;
      try {
        launch(testCase, operator, session);
      } catch (HalException e) {
        failed = true;
        if (e.code() != ErrorCode.OUT_OF_MEMORY) {
          mistakes.add(
              "allocation " + nth + " failed and gave " + e.code() + ": " + e.getMessage());
        }
      } finally {
        session.observation().failAt(0);
      }
      long left = session.observation().usage().liveBytes() - before;
      if (left != 0) {
        mistakes.add("after allocation " + nth + " failed, " + left + " bytes stay allocated");
      }
      if (!failed) {
        return Finding.of(mistakes);
      }
      launch(testCase, operator, session);
    }
    mistakes.add("a launch makes more than " + MOST + " allocations");
    return Finding.of(mistakes);
  }

  private static <A extends Args> void launch(
      TestCase testCase, Operator<A> operator, Session session) {
    try (Arena arena = Arena.ofShared();
        Queue queue = session.device().openQueue();
        Launch launch =
            Launch.of(testCase, session.device(), queue, InputData.of(testCase, arena), arena)) {
      launch.run(operator);
    }
  }
}

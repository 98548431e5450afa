package org.touchstone.conformance.checks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Promise;
import org.touchstone.api.Queue;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.config.Settings;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.checks.Check.Finding;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.run.CaseRunner;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;
import org.touchstone.conformance.run.Launch;
import org.touchstone.conformance.run.Session;

/**
 * Launches an operator with other numbers of threads, where the backend has a setting {@code
 * BACKEND.threads}: a kernel that promises determinism gives the same bits.
 */
final class ThreadCountCheck {
  /** Large enough to be divided, small enough to be cheap. */
  private static final long MOST_ELEMENTS = 1 << 17;

  private static final List<String> COUNTS = List.of("1", "3");

  private ThreadCountCheck() {}

  static Item of(OpBase base) {
    return new Check(
        "concurrency",
        base.op().opName(),
        "concurrency/" + base.op().opName() + "/thread_count",
        Level.L3,
        lane -> look(base, lane));
  }

  private static Finding look(OpBase base, Lane lane) {
    String setting = lane.session().device().info().backend() + ".threads";
    if (Settings.known().stream().noneMatch(key -> key.name().equals(setting))) {
      return Finding.unsupported("NOT_APPLICABLE: there is no setting " + setting);
    }
    Optional<TestCase> found = base.largest(lane.session().device(), MOST_ELEMENTS);
    return found.isEmpty() ? base.missing() : look(found.get(), setting, lane.session());
  }

  private static Finding look(TestCase testCase, String setting, Session session) {
    if (session.prepare(testCase.spec()).traits().deterministic() != Promise.HOLDS) {
      return Finding.unsupported("NOT_APPLICABLE: the kernel promises no determinism");
    }
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared()) {
      Launch.Result expected = launch(testCase.spec(), testCase, session, arena);
      for (String count : COUNTS) {
        try (Hal hal = Hal.open(HalOptions.DEFAULT.with(setting, count));
            Session other = session.reopen(hal)) {
          mistakes.addAll(
              CaseRunner.differences(
                  "a launch with " + setting + " = " + count,
                  expected.outputs(),
                  launch(testCase.spec(), testCase, other, arena).outputs()));
        }
      }
    }
    return Finding.of(mistakes);
  }

  private static <A extends Args> Launch.Result launch(
      OpSpec<A> spec, TestCase testCase, Session session, Arena arena) {
    try (Queue queue = session.device().openQueue();
        Launch launch =
            Launch.of(testCase, session.device(), queue, InputData.of(testCase, arena), arena)) {
      return launch.run(session.prepare(spec));
    }
  }
}

package org.touchstone.conformance.checks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.touchstone.api.Operator;
import org.touchstone.api.Promise;
import org.touchstone.api.Queue;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.checks.Check.Finding;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.run.CaseRunner;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;
import org.touchstone.conformance.run.Launch;
import org.touchstone.conformance.run.Session;

/** Launches one operator from several threads at once, each with its own queue and tensors. */
final class ConcurrencyCheck {
  private static final int THREADS = 4;
  private static final int LAUNCHES = 8;

  /** Threads have different data, so that what they share by mistake shows. */
  private static final List<String> VARIANTS = List.of("", "/other");

  private ConcurrencyCheck() {}

  static Item of(OpBase base) {
    return new Check(
        "concurrency",
        base.op().opName(),
        "concurrency/" + base.op().opName() + "/threads",
        Level.L3,
        lane -> look(base, lane));
  }

  private static Finding look(OpBase base, Lane lane) {
    Optional<TestCase> found = base.on(lane.session().device());
    return found.isEmpty() ? base.missing() : look(found.get().spec(), found.get(), lane);
  }

  private static <A extends Args> Finding look(OpSpec<A> spec, TestCase testCase, Lane lane) {
    Operator<A> operator = lane.session().prepare(spec);
    if (operator.traits().deterministic() != Promise.HOLDS) {
      return Finding.unsupported("NOT_APPLICABLE: the kernel promises no determinism");
    }
    List<String> mistakes = Collections.synchronizedList(new ArrayList<>());
    try (Arena arena = Arena.ofShared()) {
      List<InputData> data = new ArrayList<>();
      List<Launch.Result> expected = new ArrayList<>();
      for (String variant : VARIANTS) {
        InputData inputs = InputData.of(testCase, variant, arena);
        try (Launch alone =
            Launch.of(testCase, lane.session().device(), lane.queue(), inputs, arena)) {
          data.add(inputs);
          expected.add(alone.run(operator));
        }
      }
      CountDownLatch ready = new CountDownLatch(THREADS);
      List<Thread> threads = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        InputData inputs = data.get(t % VARIANTS.size());
        Launch.Result alone = expected.get(t % VARIANTS.size());
        threads.add(
            Thread.ofPlatform()
                .daemon()
                .name("touchstone-concurrency-" + t)
                .start(() -> launches(inputs, operator, lane.session(), alone, ready, mistakes)));
      }
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      mistakes.add("interrupted");
    }
    return Finding.of(mistakes.stream().distinct().limit(4).toList());
  }

  private static <A extends Args> void launches(
      InputData inputs,
      Operator<A> operator,
      Session session,
      Launch.Result expected,
      CountDownLatch ready,
      List<String> mistakes) {
    try (Arena arena = Arena.ofShared();
        Queue queue = session.device().openQueue();
        Launch launch = Launch.of(inputs.testCase(), session.device(), queue, inputs, arena)) {
      ready.countDown();
      ready.await();
      for (int i = 0; i < LAUNCHES; i++) {
        Launch.Result result = launch.run(operator);
        mistakes.addAll(
            CaseRunner.differences("a launch beside others", expected.outputs(), result.outputs()));
        mistakes.addAll(result.damages());
      }
      // Whatever a thread throws is a finding; the others must not wait for it.
    } catch (RuntimeException e) {
      mistakes.add("a launch beside others failed: " + e);
      ready.countDown();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      mistakes.add("interrupted");
    }
  }
}

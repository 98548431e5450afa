package org.touchstone.conformance.checks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.HalException;
import org.touchstone.api.Operator;
import org.touchstone.api.Tensor;
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
 * Arguments that break one rule of the operator's signature each: every backend must answer with
 * the same code, and the queue must stay usable.
 */
final class ArgumentChecks {
  private ArgumentChecks() {}

  static List<Item> of(OpBase base) {
    List<Item> items = new ArrayList<>();
    for (Mistake mistake : Mistake.values()) {
      OpBase roomy = base.where(testCase -> MistakeContext.leavesRoom(testCase, mistake));
      if (!roomy.candidates().isEmpty()) {
        items.add(
            new Check(
                "arguments",
                base.op().opName(),
                "arguments/" + base.op().opName() + "/" + mistake.label(),
                Level.L1,
                lane -> look(roomy, mistake, lane)));
      }
    }
    return items;
  }

  private static Finding look(OpBase base, Mistake mistake, Lane lane) {
    return base.on(lane.session().device())
        .map(testCase -> look(testCase, mistake, 0, lane))
        .orElseGet(base::missing);
  }

  /**
   * Makes a mistake in the arguments of a case that the device runs.
   *
   * @param pick which of several suitable tensors it is made in
   */
  static Finding look(TestCase testCase, Mistake mistake, long pick, Lane lane) {
    if (mistake != Mistake.FOREIGN_DEVICE) {
      return look(testCase.spec(), testCase, mistake, pick, lane, lane.session().device());
    }
    try (Session twin = lane.session().reopen()) {
      return look(testCase.spec(), testCase, mistake, pick, lane, twin.device());
    }
  }

  private static <A extends Args> Finding look(
      OpSpec<A> spec, TestCase testCase, Mistake mistake, long pick, Lane lane, Device other) {
    Session session = lane.session();
    Operator<A> operator = session.prepare(spec);
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        MistakeContext context =
            new MistakeContext(
                testCase,
                pick,
                session.device()::allocate,
                bytes -> Buffer.ofHost(arena.allocate(Math.max(8, bytes), 64)),
                other::allocate);
        Launch launch =
            Launch.of(
                testCase, session.device(), lane.queue(), InputData.of(testCase, arena), arena)) {
      List<@Nullable Tensor> wrong = mistake.make(context, launch.tensors()).orElseThrow();
      try {
        operator.submit(lane.queue(), Args.of(spec.argsType(), wrong)).join();
        mistakes.add("the arguments were accepted, expected " + mistake.code());
      } catch (HalException e) {
        if (e.code() != mistake.code()) {
          mistakes.add("got " + e.code() + ", expected " + mistake.code() + ": " + e.getMessage());
        }
      }
      // The queue must not be poisoned by arguments that were never submitted.
      launch.run(operator);
    }
    return Finding.of(mistakes);
  }
}

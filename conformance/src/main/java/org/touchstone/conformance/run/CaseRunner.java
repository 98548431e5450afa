package org.touchstone.conformance.run;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Layout;
import org.touchstone.api.Operator;
import org.touchstone.api.Promise;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.UnsupportedException;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.Slot;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;

/**
 * Runs cases on one device: values, everything around the elements, inputs, promises and claims.
 * Thread-safe; each thread brings its own queue.
 */
public final class CaseRunner {
  /** Cases of at most so many elements are always repeated. */
  private static final long CHEAP = 1 << 16;

  private static final int MOST_FINDINGS = 5;

  private final Session session;
  private final Level level;

  /** Creates a runner that checks promises as a level asks for. */
  public CaseRunner(Session session, Level level) {
    this.session = session;
    this.level = level;
  }

  /** Runs a case; what fails is in the report. */
  public CaseReport run(TestCase testCase, Queue queue) {
    return switch (session.device().support(testCase.spec())) {
      case Verdict.No no -> refused(testCase, no);
      case Verdict.Yes yes -> runClaimed(testCase, yes, queue);
    };
  }

  /** What is refused must be refused when it is prepared, too, as unsupported and nothing else. */
  private CaseReport refused(TestCase testCase, Verdict.No no) {
    String reason = no.reason().code() + ": " + no.reason().detail();
    try {
      String kernel = session.device().prepare(testCase.spec()).kernel();
      return CaseReport.without(
          Outcome.UNSUPPORTED, reason + "; warning: yet the device prepares " + kernel);
    } catch (UnsupportedException e) {
      return CaseReport.without(Outcome.UNSUPPORTED, reason);
    } catch (HalException e) {
      return CaseReport.without(
          Outcome.FAIL,
          "the device refuses the spec ("
              + reason
              + ") and fails to prepare it with "
              + e.code()
              + ", expected UNSUPPORTED: "
              + e.getMessage());
    }
  }

  private CaseReport runClaimed(TestCase testCase, Verdict.Yes claim, Queue queue) {
    CaseReport kernel =
        new CaseReport(
            Outcome.PASS,
            "",
            Optional.empty(),
            claim.kernel(),
            Session.describe(claim.traits()),
            Map.of());
    try {
      Operator<?> operator = session.prepare(testCase.spec());
      List<String> findings = broken(claim, operator);
      if (!findings.isEmpty()) {
        return kernel.failing(Outcome.FAIL, String.join("; ", findings));
      }
      return execute(testCase, operator, layout(testCase, operator), kernel, queue);
    } catch (UnsupportedException e) {
      return kernel.failing(
          Outcome.FAIL, "the device claims the spec and refuses it: " + e.getMessage());
    } catch (HalException e) {
      return kernel.failing(outcome(e.code()), String.valueOf(e.getMessage()));
    }
  }

  /** Maps a failure of the device. */
  public static Outcome outcome(ErrorCode code) {
    return switch (code) {
      case OUT_OF_MEMORY -> Outcome.OOM;
      case DEVICE_LOST -> Outcome.CRASHED;
      case TIMEOUT -> Outcome.TIMEOUT;
      default -> Outcome.FAIL;
    };
  }

  private static List<String> broken(Verdict.Yes claim, Operator<?> operator) {
    List<String> findings = new ArrayList<>();
    if (!claim.kernel().equals(operator.kernel())) {
      findings.add(
          "support() names kernel " + claim.kernel() + ", prepare() built " + operator.kernel());
    }
    if (!claim.traits().equals(operator.traits())) {
      findings.add(
          "support() declares "
              + Session.describe(claim.traits())
              + ", the operator "
              + Session.describe(operator.traits()));
    }
    operator
        .spec()
        .numerics()
        .refuse(claim.traits())
        .ifPresent(reason -> findings.add("the claim is weaker than the spec accepts: " + reason));
    return findings;
  }

  /** Returns the packed layout to run with; empty when the kernel reads PLAIN weights fastest. */
  public static Optional<Layout> layout(TestCase testCase, Operator<?> operator) {
    return testCase
        .packing()
        .flatMap(
            packing ->
                packing.slots().stream()
                    .map(operator::preferredLayout)
                    .filter(layout -> !layout.plain())
                    .findFirst());
  }

  private CaseReport execute(
      TestCase testCase,
      Operator<?> plain,
      Optional<Layout> layout,
      CaseReport kernel,
      Queue queue) {
    try (Arena arena = Arena.ofShared()) {
      InputData data = InputData.of(testCase, arena);
      Operator<?> operator = plain;
      try (Launch launch = Launch.of(testCase, session.device(), queue, data, arena)) {
        List<String> findings = new ArrayList<>();
        if (layout.isPresent() && testCase.packing().isPresent()) {
          TestCase.Packing packing = testCase.packing().get();
          operator = session.prepare(packing.spec().apply(layout.get()));
          launch.pack(packing.slots(), session.device(), layout.get());
          findings.addAll(Unpacking.findings(launch, data, session.device(), queue, arena));
        }
        Launch.Result result = launch.run(operator);
        Assessment assessment =
            Assessment.of(
                testCase, data, result.outputs(), operator.traits(), session.oracle(), arena);
        findings.addAll(assessment.findings());
        findings.addAll(result.damages());
        findings.addAll(receipt(result.receipt(), operator));
        if (findings.isEmpty()) {
          findings.addAll(promises(testCase, data, launch, operator, result, queue, arena));
        }
        return new CaseReport(
            findings.isEmpty() ? Outcome.PASS : Outcome.FAIL,
            text(findings),
            Optional.of(assessment.metrics()),
            kernel.kernel(),
            kernel.traits(),
            findings.isEmpty() ? assessment.bias() : Map.of());
      }
    }
  }

  private static String text(List<String> findings) {
    String text = String.join("; ", findings.subList(0, Math.min(MOST_FINDINGS, findings.size())));
    int more = findings.size() - MOST_FINDINGS;
    return more > 0 ? text + "; and " + more + " more" : text;
  }

  static Map<String, Shape> shapes(TestCase testCase) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (Slot slot : testCase.spec().signature().slots()) {
      if (testCase.present(slot)) {
        shapes.put(slot.name(), testCase.shape(slot));
      }
    }
    return shapes;
  }

  private List<String> receipt(Receipt receipt, Operator<?> operator) {
    List<String> findings = new ArrayList<>();
    String uri = session.device().info().uri();
    if (!receipt.device().equals(uri) || !receipt.kernel().equals(operator.kernel())) {
      findings.add(
          "the receipt names kernel "
              + receipt.kernel()
              + " on "
              + receipt.device()
              + ", expected "
              + operator.kernel()
              + " on "
              + uri);
    }
    return findings;
  }

  private List<String> promises(
      TestCase testCase,
      InputData data,
      Launch launch,
      Operator<?> operator,
      Launch.Result first,
      Queue queue,
      Arena arena) {
    List<String> findings = new ArrayList<>();
    boolean stress = level == Level.L3;
    long elements = shapes(testCase).values().stream().mapToLong(Shape::elements).sum();
    if (operator.traits().deterministic() == Promise.HOLDS && (stress || elements <= CHEAP)) {
      Launch.Result again = launch.run(operator);
      findings.addAll(differences("a second run", first.outputs(), again.outputs()));
      findings.addAll(again.damages());
    }
    if (operator.traits().deterministic() == Promise.HOLDS && testCase.packing().isEmpty()) {
      findings.addAll(withoutOptionalOutputs(testCase, data, operator, first, queue, arena));
    }
    if (stress
        && testCase.packing().isEmpty()
        && operator.traits().batchInvariant() == Promise.HOLDS
        && testCase.batchSymbol().isPresent()) {
      findings.addAll(
          new BatchInvariance(testCase, session.device(), operator, queue, arena)
              .findings(data.tensors(), first.outputs()));
    }
    return findings;
  }

  /** An output must not depend on which optional ones are asked for beside it. */
  private List<String> withoutOptionalOutputs(
      TestCase testCase,
      InputData data,
      Operator<?> operator,
      Launch.Result first,
      Queue queue,
      Arena arena) {
    Map<String, Shape> shapes = shapes(testCase);
    Map<String, Tensor> expected = new LinkedHashMap<>(first.outputs());
    for (Slot slot : testCase.spec().signature().slots()) {
      if (slot.written() && slot.presence() == Slot.Presence.OPTIONAL) {
        shapes.remove(slot.name());
        expected.remove(slot.name());
      }
    }
    if (expected.size() == first.outputs().size()) {
      return List.of();
    }
    try (Launch launch =
        Launch.of(testCase, session.device(), queue, data.tensors(), shapes, arena)) {
      return differences(
          "a run without optional outputs", expected, launch.run(operator).outputs());
    }
  }

  /** Says which outputs of two runs differ in a bit. */
  public static List<String> differences(
      String what, Map<String, Tensor> first, Map<String, Tensor> second) {
    List<String> findings = new ArrayList<>();
    first.forEach(
        (slot, tensor) -> {
          Tensor other = second.get(slot);
          long at = other == null ? 0 : tensor.buffer().host().mismatch(other.buffer().host());
          if (at >= 0) {
            findings.add(
                what
                    + " gives other bits in "
                    + slot
                    + ", first at byte "
                    + at
                    + " of its elements");
          }
        });
    return findings;
  }
}

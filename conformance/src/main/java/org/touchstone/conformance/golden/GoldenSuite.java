package org.touchstone.conformance.golden;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Hal;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.run.Assessment;
import org.touchstone.conformance.run.Launch;
import org.touchstone.conformance.run.Session;

/** Makes golden cases, and judges outputs that were computed elsewhere. */
public final class GoldenSuite implements AutoCloseable {
  private static final String REFERENCE = "cpu://reference";
  private static final int MOST_FINDINGS = 5;

  private final Hal hal = Hal.open();
  private final Oracle oracle = Session.findOracle();
  private final Session session;

  /**
   * Opens the reference.
   *
   * @throws ConformanceException when there is none
   */
  public GoldenSuite() {
    if (hal.devices().stream().noneMatch(d -> d.uri().equals(REFERENCE))) {
      hal.close();
      throw new ConformanceException(
          ExitCode.DEVICE_MISSING, REFERENCE + " is missing; add touchstone-backends-cpu");
    }
    session = Session.open(hal, REFERENCE, Instruments.NONE, oracle);
  }

  /**
   * Returns the names of the cases of a level and of those below it.
   *
   * @param ops names of operators or families; empty for all
   * @throws ConformanceException for an unknown name
   */
  public static List<String> names(Level level, List<String> ops) {
    List<Op> selected = new ArrayList<>();
    for (String name : ops) {
      List<Op> found = Op.select(name);
      if (found.isEmpty()) {
        throw new ConformanceException(
            ExitCode.USAGE, "no operator or family is named '" + name + "'");
      }
      selected.addAll(found);
    }
    return CaseCatalog.standard()
        .cases(level, selected.isEmpty() ? List.of(Op.values()) : selected)
        .stream()
        .map(TestCase::name)
        .toList();
  }

  /**
   * Returns a name when there is such a case.
   *
   * @throws ConformanceException when there is none
   */
  public static String known(String name) {
    return find(name).name();
  }

  private static TestCase find(String name) {
    return CaseCatalog.standard()
        .find(name)
        .orElseThrow(
            () ->
                new ConformanceException(
                    ExitCode.USAGE,
                    "this version has no case named '"
                        + name
                        + "'; export the cases again and compute them again"));
  }

  /**
   * Makes a case.
   *
   * @throws ConformanceException when there is no such case
   */
  public GoldenCase make(String name, Arena arena) {
    TestCase testCase = find(name);
    InputData data = InputData.of(testCase, arena);
    Operator<?> operator = session.prepare(testCase.spec());
    try (Queue queue = session.device().openQueue();
        Launch launch = Launch.of(testCase, session.device(), queue, data, arena)) {
      Map<String, Tensor> outputs = launch.run(operator).outputs();
      return new GoldenCase(
          name,
          testCase.op().opName(),
          testCase.spec(),
          data.tensors(),
          outputs,
          Assessment.expectation(testCase, data, outputs, KernelTraits.PLAIN_F32, oracle));
    }
  }

  /**
   * Judges outputs.
   *
   * @param device who computed them, for the report
   * @param traits what the kernel declares
   * @param outputs dense host tensors by slot
   * @return a row whose outcome is a pass or a failure
   */
  public CaseResult judge(
      String name, String device, KernelTraits traits, Map<String, Tensor> outputs, Arena arena) {
    long start = System.nanoTime();
    TestCase testCase = find(name);
    List<String> findings = new ArrayList<>();
    Map<String, Tensor> judged = new LinkedHashMap<>();
    for (Slot slot : testCase.spec().signature().slots()) {
      if (slot.written() && testCase.present(slot)) {
        fitting(testCase, slot, outputs.get(slot.name()), findings)
            .ifPresent(tensor -> judged.put(slot.name(), tensor));
      }
    }
    Optional<Assessment> assessment = Optional.empty();
    if (findings.isEmpty()) {
      InputData data = InputData.of(testCase, arena);
      assessment =
          Optional.of(Assessment.of(testCase, data, judged, traits, session.oracle(), arena));
      findings.addAll(assessment.get().findings());
    }
    return new CaseResult(
        device,
        name,
        testCase.op().opName(),
        findings.isEmpty() ? Outcome.PASS : Outcome.FAIL,
        String.join("; ", findings.subList(0, Math.min(MOST_FINDINGS, findings.size()))),
        assessment.map(Assessment::metrics),
        "",
        traits.accumulator().toString(),
        System.nanoTime() - start);
  }

  private static Optional<Tensor> fitting(
      TestCase testCase, Slot slot, @Nullable Tensor tensor, List<String> findings) {
    String expected = slot.dtype() + testCase.shape(slot).toString();
    if (tensor == null) {
      findings.add("output " + slot.name() + " is missing, expected " + expected);
      return Optional.empty();
    }
    if (tensor.dtype() != slot.dtype() || !tensor.shape().equals(testCase.shape(slot))) {
      findings.add(
          "output "
              + slot.name()
              + " is "
              + tensor.dtype()
              + tensor.shape()
              + ", expected "
              + expected);
      return Optional.empty();
    }
    return Optional.of(tensor);
  }

  @Override
  public void close() {
    session.close();
    hal.close();
  }
}

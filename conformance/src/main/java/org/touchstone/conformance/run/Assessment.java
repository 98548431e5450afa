package org.touchstone.conformance.run;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HalException;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Subnormals;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.backends.oracle.OracleRequest;
import org.touchstone.backends.oracle.OracleRequest.Regime;
import org.touchstone.backends.oracle.Scope;
import org.touchstone.conformance.cases.DataFamily;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.judge.Bias;
import org.touchstone.conformance.judge.Judge;
import org.touchstone.conformance.judge.Judge.Strictness;
import org.touchstone.conformance.judge.Judgement;
import org.touchstone.conformance.judge.Metrics;

/**
 * The values of one launch against the reference.
 *
 * @param findings one line for every mistake
 * @param metrics the worst of all outputs
 * @param bias signed rounding errors by output type; empty outside the random family
 */
public record Assessment(List<String> findings, Metrics metrics, Map<DType, Bias> bias) {
  /** Outputs of fewer elements may well be equal. */
  private static final int FEW = 3;

  /** Asks the reference and judges every output. */
  public static Assessment of(
      TestCase testCase,
      InputData data,
      Map<String, Tensor> outputs,
      KernelTraits traits,
      Oracle oracle,
      Arena arena) {
    Reference reference = new Reference(testCase, data, traits, oracle);
    Judge judge = new Judge(traits);
    Expectation expectation = reference.expect(outputs);
    List<String> findings = new ArrayList<>();
    Metrics metrics = Metrics.PERFECT;
    Map<DType, Bias> bias = new EnumMap<>(DType.class);
    Optional<IllegalStateException> lost = Optional.empty();
    for (Map.Entry<String, Tensor> output : outputs.entrySet()) {
      String slot = output.getKey();
      Tensor actual = output.getValue();
      Expected expected = expectation.outputs().get(slot);
      if (expected == null) {
        throw new IllegalStateException("the reference says nothing about output " + slot);
      }
      Judgement judgement;
      try {
        judgement = judge.judge(slot, expected, actual, strictness(testCase, slot));
      } catch (IllegalStateException e) {
        // What follows from a wrong choice of the device need not make sense: the choice counts.
        lost = Optional.of(e);
        continue;
      }
      findings.addAll(judgement.findings());
      metrics = metrics.worst(judgement.metrics());
      if (testCase.family() == DataFamily.RANDOM) {
        bias.merge(actual.dtype(), judgement.bias(), Bias::plus);
      }
      if (reference.samples() && !testCase.partial(slot)) {
        findings.addAll(Unjudged.findings(slot, expected, actual));
      }
    }
    boolean trusted = findings.isEmpty();
    if (trusted) {
      lost.ifPresent(
          e -> {
            throw e;
          });
      findings.addAll(distrust(reference, judge, expectation, outputs, arena));
    }
    if (!findings.isEmpty() && trusted && !traits.subnormals().equals(Subnormals.KEPT)) {
      // A declared flush makes zeros of what is subnormal. What the case is worth shows in what it
      // demands of a kernel that does not flush.
      KernelTraits kept = traits.with(Subnormals.KEPT);
      Reference strict = new Reference(testCase, data, kept, oracle);
      findings = distrust(strict, new Judge(kept), strict.expect(outputs), outputs, arena);
    }
    return new Assessment(findings, metrics, bias);
  }

  /** Asks the reference what outputs may hold, given the choices that these made. */
  public static Map<String, Expected> expectation(
      TestCase testCase,
      InputData data,
      Map<String, Tensor> outputs,
      KernelTraits traits,
      Oracle oracle) {
    return new Reference(testCase, data, traits, oracle).expect(outputs).outputs();
  }

  private static Strictness strictness(TestCase testCase, String slot) {
    return testCase.exact(slot) ? Strictness.EXACT : Strictness.BOUND;
  }

  /** Says whether a kernel that writes zeros, or nothing, would pass as well. */
  private static List<String> distrust(
      Reference reference,
      Judge judge,
      Expectation expectation,
      Map<String, Tensor> outputs,
      Arena arena) {
    TestCase testCase = reference.testCase;
    Map<String, Tensor> zeros = new LinkedHashMap<>();
    outputs.forEach(
        (slot, tensor) ->
            zeros.put(slot, HostTensors.allocate(arena, tensor.dtype(), tensor.shape().dims())));
    boolean zerosPass = reference.accepts(zeros, judge, expectation);
    if (testCase.zeroAnswer().isPresent()) {
      return zerosPass
          ? List.of()
          : List.of(
              "untrusted case: it says that zeros are right ("
                  + testCase.zeroAnswer().get()
                  + "), but they are not");
    }
    if (zerosPass) {
      return List.of("untrusted case: all-zero outputs would pass");
    }
    Map<String, Tensor> previous = reference.previous(outputs.keySet());
    if (previous.size() == outputs.size() && reference.accepts(previous, judge, expectation)) {
      return List.of("untrusted case: the previous content of its outputs would pass");
    }
    if (testCase.equalAnswer().isPresent()
        || outputs.values().stream().noneMatch(t -> t.shape().elements() > FEW)) {
      return List.of();
    }
    Map<String, Tensor> equal = new LinkedHashMap<>();
    outputs.forEach((slot, tensor) -> equal.put(slot, equal(tensor, arena)));
    return reference.accepts(equal, judge, expectation)
        ? List.of("untrusted case: outputs whose elements are all equal would pass")
        : List.of();
  }

  /** Returns a tensor of the same shape whose elements are all the middle one. */
  private static Tensor equal(Tensor tensor, Arena arena) {
    Tensor equal = HostTensors.allocate(arena, tensor.dtype(), tensor.shape().dims());
    long[] codes = HostTensors.codes(tensor);
    if (codes.length > 0) {
      Arrays.fill(codes, codes[codes.length / 2]);
      HostTensors.writeCodes(equal, codes);
    }
    return equal;
  }

  /** The reference's view of one case. */
  private static final class Reference {
    private final TestCase testCase;
    private final InputData data;
    private final Oracle oracle;
    private final OracleRequest request;

    Reference(TestCase testCase, InputData data, KernelTraits traits, Oracle oracle) {
      this.testCase = testCase;
      this.data = data;
      this.oracle = oracle;
      Map<String, Tensor> before = new LinkedHashMap<>();
      for (Slot slot : testCase.spec().signature().slots()) {
        Tensor content = data.tensors().get(slot.name());
        if (slot.written() && content != null) {
          before.put(slot.name(), content);
        }
      }
      long seed = CounterRandom.of(testCase.name(), "scope").key();
      this.request =
          new OracleRequest(
              traits,
              regime(testCase.family()),
              samples() ? new Scope(seed, testCase.sampleLimit()) : Scope.ALL,
              before);
    }

    private static Regime regime(DataFamily family) {
      return switch (family) {
        case STRUCTURED -> Regime.STRUCTURED;
        case EXACT_INTEGER, RANDOM, SUBNORMAL, SATURATING -> Regime.RANDOM;
      };
    }

    boolean samples() {
      return testCase.sampleLimit() != Long.MAX_VALUE;
    }

    Expectation expect(Map<String, Tensor> outputs) {
      return expect(testCase.spec(), outputs);
    }

    private <A extends Args> Expectation expect(OpSpec<A> spec, Map<String, Tensor> outputs) {
      List<@Nullable Tensor> tensors = new ArrayList<>();
      for (Slot slot : spec.signature().slots()) {
        Tensor output = outputs.get(slot.name());
        tensors.add(output != null ? output : data.tensors().get(slot.name()));
      }
      try {
        return oracle.expect(spec, Args.of(spec.argsType(), tensors), request);
      } catch (HalException e) {
        // Not the device's failure, which has the same type.
        throw new IllegalStateException("the reference failed: " + e.getMessage(), e);
      }
    }

    /** Returns what the outputs held before, where that is defined. */
    Map<String, Tensor> previous(Iterable<String> outputs) {
      Map<String, Tensor> previous = new LinkedHashMap<>();
      for (String name : outputs) {
        Slot slot = testCase.spec().signature().slot(name);
        boolean inPlace = testCase.variants().inPlace().contains(name);
        Tensor content = data.tensors().get(inPlace ? String.valueOf(slot.inPlaceOf()) : name);
        if (content != null) {
          previous.put(name, content);
        }
      }
      return previous;
    }

    /** Returns whether every output would pass. */
    boolean accepts(Map<String, Tensor> outputs, Judge judge, Expectation known) {
      Expectation expectation = known;
      boolean free =
          known.outputs().values().stream().anyMatch(e -> e instanceof Expected.Verified);
      if (free) {
        try {
          expectation = expect(outputs);
          // The reference may refuse outputs that make no sense at all: then they do not pass.
        } catch (RuntimeException e) {
          return false;
        }
      }
      for (Map.Entry<String, Tensor> output : outputs.entrySet()) {
        Expected expected = expectation.outputs().get(output.getKey());
        if (expected != null
            && !judge
                .judge(
                    output.getKey(),
                    expected,
                    output.getValue(),
                    strictness(testCase, output.getKey()))
                .passed()) {
          return false;
        }
      }
      return true;
    }
  }
}

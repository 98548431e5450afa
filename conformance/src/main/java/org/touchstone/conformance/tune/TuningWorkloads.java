package org.touchstone.conformance.tune;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.config.Nearest;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.bench.Workload;
import org.touchstone.conformance.bench.Workloads;
import org.touchstone.conformance.cases.CaseCatalog;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.cases.TestCase;

/** What a search times. */
public final class TuningWorkloads {
  /** Few and many rows of a layer, a mixture of experts, attention. */
  private static final Set<String> STANDARD =
      Set.of(
          "gemm-fp8-m1-4096x7168",
          "gemm-fp8-m16-4096x7168",
          "gemm-fp8-m128-4096x7168",
          "moe-fp8-128x768-top8-t1",
          "moe-fp8-128x768-top8-t32",
          "gqa-decode-b1-ctx4096",
          "gqa-prefill-1024",
          "mla-decode-ctx4096");

  private TuningWorkloads() {}

  /**
   * Returns workloads by their names, or those of operators and families: standard workloads, and
   * the largest L1 case of operators that have none.
   *
   * @param names empty for all operators
   * @throws ConformanceException when nothing has such a name
   */
  public static List<Workload> of(List<String> names) {
    List<Workload> standard = Workloads.standard();
    List<Workload> chosen = new ArrayList<>();
    List<Op> ops = new ArrayList<>();
    for (String name : names) {
      List<Workload> named = standard.stream().filter(w -> w.name().equals(name)).toList();
      if (named.isEmpty() && Op.select(name).isEmpty()) {
        throw new ConformanceException(
            ExitCode.USAGE,
            "no workload, operator or family is named '"
                + name
                + "'"
                + Nearest.hint(name, names(standard)));
      }
      chosen.addAll(named);
      ops.addAll(Op.select(name));
    }
    for (Op op : names.isEmpty() ? List.of(Op.values()) : ops) {
      List<Workload> own =
          standard.stream()
              .filter(w -> w.testCase().op() == op && STANDARD.contains(w.name()))
              .toList();
      chosen.addAll(own.isEmpty() ? List.of(largest(op)) : own);
    }
    return chosen.stream().distinct().toList();
  }

  private static List<String> names(List<Workload> standard) {
    List<String> all = new ArrayList<>(standard.stream().map(Workload::name).toList());
    for (Op op : Op.values()) {
      all.add(op.opName());
      all.add(op.family());
    }
    return all;
  }

  private static Workload largest(Op op) {
    TestCase largest = largest(op, Long.MAX_VALUE);
    return new Workload(largest.name(), largest, 0, data -> 0);
  }

  /**
   * Returns the L1 case of an operator with most elements, or the one with fewest if all have more;
   * one whose outputs have elements, because nothing may be launched for others.
   */
  static TestCase largest(Op op, long mostElements) {
    List<TestCase> cases =
        CaseCatalog.standard().cases(Level.L1, List.of(op)).stream()
            .filter(TuningWorkloads::hasOutput)
            .toList();
    return cases.stream()
        .filter(c -> elements(c) <= mostElements)
        .max(Comparator.comparingLong(TuningWorkloads::elements))
        .or(() -> cases.stream().min(Comparator.comparingLong(TuningWorkloads::elements)))
        .orElseThrow();
  }

  private static boolean hasOutput(TestCase testCase) {
    return testCase.spec().signature().slots().stream()
        .anyMatch(s -> s.written() && testCase.present(s) && elements(testCase, s) > 0);
  }

  private static long elements(TestCase testCase) {
    return testCase.spec().signature().slots().stream()
        .filter(testCase::present)
        .mapToLong(slot -> elements(testCase, slot))
        .sum();
  }

  private static long elements(TestCase testCase, Slot slot) {
    return testCase.shape(slot).elements();
  }
}

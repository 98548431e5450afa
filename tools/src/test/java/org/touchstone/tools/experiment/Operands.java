package org.touchstone.tools.experiment;

import java.lang.foreign.Arena;
import java.util.Map;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.Oracle;
import org.touchstone.conformance.cases.DataFamily;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;
import org.touchstone.conformance.run.Assessment;

/**
 * One product of E4M3FN matrices with scales per 128 terms, from the suite's own data, with the
 * reference's answers.
 */
final class Operands implements AutoCloseable {
  static final int BLOCK = 128;

  final int m;
  final int n;
  final int k;
  final DataFamily family;
  final DType output;
  final double[] a;
  final double[] b;
  final double[] scaleA;
  final double[] scaleB;

  private final TestCase testCase;
  private final InputData data;
  private final Arena arena = Arena.ofShared();

  Operands(int m, int n, int k, DType output, DataFamily family, long seed) {
    this.m = m;
    this.n = n;
    this.k = k;
    this.family = family;
    this.output = output;
    testCase =
        TestCase.of(GemmSpec.of(GemmOperands.FP8_BLOCK, n, k, output), family)
            .extent("M", m)
            .label("n", n)
            .label("k", k)
            .label("out", output)
            .label("seed", seed)
            .reduction(k + 2L)
            .filler(
                inputs -> {
                  inputs.floats("a");
                  inputs.floats("b");
                  inputs.scales("scaleA");
                  inputs.scales("scaleB");
                })
            .build();
    data = InputData.of(testCase, arena);
    a = HostTensors.doubles(data.tensor("a"));
    b = HostTensors.doubles(data.tensor("b"));
    scaleA = HostTensors.doubles(data.tensor("scaleA"));
    scaleB = HostTensors.doubles(data.tensor("scaleB"));
  }

  /** Returns the number of blocks along the sum. */
  int blocks() {
    return Math.ceilDiv(k, BLOCK);
  }

  /** Returns what both scales of a block multiply its sum by. */
  double scale(int row, int column, int block) {
    return scaleA[row * blocks() + block] * scaleB[column / BLOCK * blocks() + block];
  }

  /** Writes the products of a block; the missing ones of the last block are zero. */
  void products(int row, int column, int block, double[] into) {
    for (int i = 0; i < into.length; i++) {
      int at = block * BLOCK + i;
      into[i] = at < k ? a[row * k + at] * b[column * k + at] : 0;
    }
  }

  /** Returns whether the output must be the rounded exact value. */
  boolean exact() {
    return testCase.exact("c");
  }

  /** Returns what a kernel of some traits may answer. */
  Expected.Interval expected(KernelTraits traits, Oracle oracle) {
    Tensor c = tensor(new double[m * n]);
    Expected expected =
        Assessment.expectation(testCase, data, Map.of("c", c), traits, oracle).get("c");
    if (expected instanceof Expected.Interval interval) {
      return interval;
    }
    throw new IllegalStateException("the reference answers " + expected);
  }

  /** Rounds values into an output. */
  Tensor tensor(double[] values) {
    return HostTensors.of(
        arena, output, testCase.shape(testCase.spec().signature().slot("c")), values);
  }

  @Override
  public void close() {
    arena.close();
  }
}

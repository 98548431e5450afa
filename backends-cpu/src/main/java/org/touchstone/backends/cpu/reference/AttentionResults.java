package org.touchstone.backends.cpu.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.Scope;

/**
 * Chooses the (token, head) rows of an attention output and collects their results. Rows may be put
 * by several threads.
 */
final class AttentionResults {
  /** Heads of a sample: the borders of the axis, the rest of the sample goes over tokens. */
  private static final long SAMPLED_HEADS = 4;

  private final long[] tokens;
  private final long[] heads;
  private final long allHeads;
  private final boolean sampled;
  private final int valueDim;
  private final double[] output;
  private final double[] outputError;
  private final double[] logSumExp;
  private final double[] logSumExpError;

  AttentionResults(Scope scope, long allTokens, long allHeads, long valueDim) {
    this.allHeads = allHeads;
    this.valueDim = Math.toIntExact(valueDim);
    sampled = scope.samples(allTokens * allHeads);
    Scope ofHeads =
        sampled ? new Scope(scope.seed(), Math.min(scope.limit(), SAMPLED_HEADS)) : Scope.ALL;
    heads = ofHeads.pick("heads", allHeads);
    Scope ofTokens =
        sampled ? new Scope(scope.seed(), Math.max(1, scope.limit() / heads.length)) : Scope.ALL;
    tokens = ofTokens.pick("tokens", allTokens);
    int rows = Math.multiplyExact(tokens.length, heads.length);
    output = new double[Math.multiplyExact(rows, this.valueDim)];
    outputError = new double[output.length];
    logSumExp = new double[rows];
    logSumExpError = new double[rows];
  }

  /** Returns the chosen tokens, ascending. */
  long[] tokens() {
    return tokens;
  }

  /** Returns the chosen heads, ascending. */
  long[] heads() {
    return heads;
  }

  /** Stores a finished row. */
  void put(int token, int head, AttentionRow row) {
    for (int d = 0; d < valueDim; d++) {
      put(token, head, d, row.output(d), row.outputError(d));
    }
    putLogSumExp(token, head, row);
  }

  /** Stores the log-sum-exp of a finished row. */
  void putLogSumExp(int token, int head, AttentionRow row) {
    int at = token * heads.length + head;
    logSumExp[at] = row.logSumExp();
    logSumExpError[at] = row.logSumExpError();
  }

  /** Stores one element of the output. */
  void put(int token, int head, int d, double value, double error) {
    int at = (token * heads.length + head) * valueDim + d;
    output[at] = value;
    outputError[at] = error;
  }

  /** Returns what the outputs that are present may hold. */
  Expectation expectation(DType type, @Nullable Tensor lse) {
    Map<String, Expected> outputs = new LinkedHashMap<>();
    outputs.put("o", expected(type, valueDim, output, outputError));
    if (lse != null) {
      outputs.put("lse", expected(DType.F32, 1, logSumExp, logSumExpError));
    }
    return new Expectation(outputs);
  }

  private Expected expected(DType type, int width, double[] value, double[] error) {
    return sampled
        ? new Expected.Interval(type, Saturation.NONSAT, index(width), value, error)
        : Expected.Interval.all(type, Saturation.NONSAT, value, error);
  }

  private long[] index(int width) {
    long[] index = new long[tokens.length * heads.length * width];
    int at = 0;
    for (long token : tokens) {
      for (long head : heads) {
        for (int d = 0; d < width; d++) {
          index[at++] = (token * allHeads + head) * width + d;
        }
      }
    }
    return index;
  }
}

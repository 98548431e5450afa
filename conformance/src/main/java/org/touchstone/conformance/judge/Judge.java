package org.touchstone.conformance.judge;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Accumulator;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Shape;
import org.touchstone.api.Subnormals.Handling;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expected;

/**
 * Compares outputs with expectations: an element passes when it lies between the rounded ends of
 * its interval. Immutable and thread-safe.
 */
public final class Judge {
  private static final int MOST_FINDINGS = 4;

  private final boolean flushing;
  private final boolean reduced;

  /** Creates a judge for what a kernel declares. */
  public Judge(KernelTraits traits) {
    flushing = traits.subnormals().accumulator() == Handling.FLUSHED;
    reduced = traits.accumulator().kind() == Accumulator.Kind.REDUCED;
  }

  /** Whether an output may differ from the rounded exact value. */
  public enum Strictness {
    /** By the bound. */
    BOUND,
    /** Not at all: the bound counts as zero. */
    EXACT
  }

  /**
   * Judges one output.
   *
   * @param slot its name
   * @param expected what it may hold
   * @param actual a host tensor
   */
  public Judgement judge(String slot, Expected expected, Tensor actual, Strictness strictness) {
    return switch (expected) {
      case Expected.Interval interval -> interval(slot, interval, actual, strictness);
      case Expected.Codes codes -> codes(slot, codes, actual);
      case Expected.Verified verified ->
          new Judgement(
              slot,
              verified.judged(),
              verified.violations().size(),
              verified.violations().stream()
                  .limit(MOST_FINDINGS)
                  .map(v -> slot + ": " + v)
                  .toList(),
              Metrics.PERFECT,
              Bias.NONE);
    };
  }

  private Judgement interval(
      String slot, Expected.Interval expected, Tensor actual, Strictness strictness) {
    requireType(slot, expected.type(), actual);
    requireCount(slot, expected.index(), expected.value().length, actual);
    double[] elements = doubles(expected.type(), actual, expected.index());
    Sums sums = new Sums(expected.type().format(), !reduced || expected.type() != DType.F32);
    for (int i = 0; i < expected.value().length; i++) {
      long at = expected.index() == null ? i : expected.index()[i];
      double value = expected.value()[i];
      double error = strictness == Strictness.EXACT ? 0 : expected.error()[i];
      if (!(error >= 0)) {
        throw new IllegalStateException(
            "the reference's bound of " + slot + "[" + at + "] is " + error + ", expected >= 0");
      }
      Bounds bounds = Bounds.of(expected.type(), expected.saturation(), value, error, flushing);
      double rounded = Bounds.round(expected.type().format(), expected.saturation(), value);
      sums.add(at, value, rounded, error, bounds, elements[i]);
    }
    return sums.judgement(slot, actual.shape());
  }

  private static Judgement codes(String slot, Expected.Codes expected, Tensor actual) {
    requireType(slot, expected.type(), actual);
    requireCount(slot, expected.index(), expected.codes().length, actual);
    long[] elements =
        expected.index() == null
            ? HostTensors.codes(actual)
            : HostTensors.codes(actual, expected.index());
    FloatFormat format = expected.type().isFloat() ? expected.type().format() : null;
    List<String> findings = new ArrayList<>();
    long wrong = 0;
    for (int i = 0; i < expected.codes().length; i++) {
      long at = expected.index() == null ? i : expected.index()[i];
      long want = expected.codes()[i];
      long have = elements[i];
      boolean bothNan = format != null && format.isNan((int) want) && format.isNan((int) have);
      if (want == have || bothNan) {
        continue;
      }
      if (wrong++ < MOST_FINDINGS) {
        findings.add(
            element(slot, actual.shape(), at)
                + " is "
                + code(format, have)
                + ", expected "
                + code(format, want));
      }
    }
    double ratio = wrong == 0 ? 0 : Double.POSITIVE_INFINITY;
    return new Judgement(
        slot, expected.codes().length, wrong, findings, new Metrics(ratio, 0, 1, 0), Bias.NONE);
  }

  private static String code(@Nullable FloatFormat format, long code) {
    return format == null
        ? Long.toString(code)
        : "0x" + Long.toHexString(code) + " (" + format.decode((int) code) + ")";
  }

  private static void requireType(String slot, DType expected, Tensor actual) {
    if (expected != actual.dtype()) {
      throw new IllegalStateException(
          "the reference answers " + expected + " for " + slot + ", which is " + actual);
    }
  }

  private static void requireCount(
      String slot, long @Nullable [] index, int expected, Tensor actual) {
    if (index == null && expected != actual.shape().elements()) {
      throw new IllegalStateException(
          "the reference answers "
              + expected
              + " elements for "
              + slot
              + ", which has "
              + actual.shape().elements());
    }
  }

  private static double[] doubles(DType type, Tensor tensor, long @Nullable [] index) {
    if (index == null) {
      return HostTensors.doubles(tensor);
    }
    long[] codes = HostTensors.codes(tensor, index);
    double[] values = new double[codes.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = type.format().decode((int) codes[i]);
    }
    return values;
  }

  /** Names an element by its indices, for example {@code y[3, 17]}. */
  static String element(String slot, Shape shape, long number) {
    long[] index = new long[shape.rank()];
    long rest = number;
    for (int d = index.length - 1; d >= 0; d--) {
      long extent = Math.max(1, shape.dim(d));
      index[d] = rest % extent;
      rest /= extent;
    }
    return slot + java.util.Arrays.toString(index);
  }

  /** Adds up one output. */
  private static final class Sums {
    private final FloatFormat format;
    private final boolean biased;
    private long judged;
    private long wrong;
    private double worst = -1;
    private long worstAt;
    private String worstText = "";
    private double ratio;
    private double ulps;
    private double errorSquares;
    private double exactSquares;
    private double actualSquares;
    private double products;
    private long biasCount;
    private double biasSum;
    private final Set<Double> seen = new HashSet<>();

    Sums(FloatFormat format, boolean biased) {
      this.format = format;
      this.biased = biased;
    }

    void add(long at, double exact, double rounded, double error, Bounds bounds, double actual) {
      judged++;
      double r = bounds.ratio(format, exact, error, rounded, actual);
      ratio = Math.max(ratio, r);
      if (!bounds.accept(actual)) {
        wrong++;
        if (r > worst) {
          worst = r;
          worstAt = at;
          worstText =
              " is "
                  + actual
                  + ", expected "
                  + exact
                  + " within "
                  + bounds.text()
                  + " (bound "
                  + error
                  + ")";
        }
      }
      if (Double.isFinite(actual) && Double.isFinite(rounded)) {
        double ulp = format.ulp(exact);
        ulps = Math.max(ulps, Math.abs(actual - rounded) / ulp);
        errorSquares += (actual - exact) * (actual - exact);
        exactSquares += exact * exact;
        actualSquares += actual * actual;
        products += actual * exact;
        // Rows that an operator repeats are one experiment, not many.
        if (biased && error < ulp / 8 && exact != rounded && seen.add(exact)) {
          biasCount++;
          biasSum += (actual - exact) * Math.signum(exact) / ulp;
        }
      }
    }

    Judgement judgement(String slot, Shape shape) {
      double nmse = exactSquares == 0 ? (errorSquares == 0 ? 0 : 1) : errorSquares / exactSquares;
      double norm = Math.sqrt(exactSquares) * Math.sqrt(actualSquares);
      double cosine = norm == 0 ? (exactSquares == actualSquares ? 1 : 0) : products / norm;
      List<String> findings = new ArrayList<>();
      if (wrong > 0) {
        findings.add(element(slot, shape, worstAt) + worstText);
        findings.add(wrong + " of " + judged + " judged elements of " + slot + " are wrong");
      }
      return new Judgement(
          slot,
          judged,
          wrong,
          findings,
          new Metrics(ratio, nmse, cosine, ulps),
          new Bias(biasCount, biasSum));
    }
  }
}

package org.touchstone.backends.cpu.reference;

import org.touchstone.api.Accumulator;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Subnormals.Handling;
import org.touchstone.api.format.DType;
import org.touchstone.backends.oracle.OracleRequest;
import org.touchstone.backends.oracle.OracleRequest.Regime;

/**
 * Running error analysis: turns what a kernel declares into relative errors. First order; {@link
 * #MARGIN} covers the rest. Every bound of the suite comes from here, none is chosen by hand.
 *
 * <p>Bounds of a sum follow Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
 * chapters 3 and 4, with the square-root law of probabilistic analysis (Higham and Mary, 2019) for
 * independent data.
 */
final class ErrorModel {
  /** Half a unit in the last place of FP32, relative. */
  static final double EPS = 0x1p-24;

  /** Covers higher-order terms and the rounding of the reference itself. */
  static final double MARGIN = 1.05;

  /**
   * Smallest positive FP32 number: the absolute error of a result that underflows is half of it.
   */
  static final double TINY = 0x1p-149;

  /** Largest subnormal FP32 magnitude, what a flush can remove. */
  private static final double FLUSHED = 0x1p-126;

  private final KernelTraits traits;
  private final Regime regime;

  ErrorModel(OracleRequest request) {
    this.traits = request.traits();
    this.regime = request.regime();
  }

  /** Returns what the kernel declares. */
  KernelTraits traits() {
    return traits;
  }

  /**
   * Returns the error of a dot product of {@code terms} terms, relative to the sum of the terms'
   * magnitudes. Products are rounded once each. What a reduced accumulator cuts off comes on top.
   */
  double sum(long terms) {
    if (terms <= 0) {
      return 0;
    }
    return chainError(traits.chain().length(terms));
  }

  /** Returns whether sums lose more than FP32 does, which {@link #reducedSum} bounds. */
  boolean reduces() {
    return traits.accumulator().kind() == Accumulator.Kind.REDUCED;
  }

  /** Begins to bound what the kernel's accumulator cuts off a dot product. */
  ReducedSum reducedSum() {
    return new ReducedSum(traits.accumulator(), regime);
  }

  /**
   * Returns the error of a sum in FP32 whose order the operator prescribes: one term after the
   * other.
   */
  double sequentialSum(long terms) {
    return terms <= 0 ? 0 : chainError(terms);
  }

  private double chainError(long chain) {
    double unit = traits.accumulator().kind() == Accumulator.Kind.F64 ? 0x1p-53 : EPS;
    return unit
        * (2 + (regime != Regime.STRUCTURED ? 4 * Math.sqrt((double) chain) : (double) chain));
  }

  /** Returns the relative error of one FP32 operation. */
  double op() {
    return EPS;
  }

  /** Returns the relative error of {@code e^x} and functions built on it. */
  double exp() {
    return traits.ulps().exp() * 2 * EPS;
  }

  /** Returns the relative error of {@code 1/sqrt(x)}. */
  double rsqrt() {
    return traits.ulps().rsqrt() * 2 * EPS;
  }

  /** Returns the relative error of a division. */
  double div() {
    return traits.ulps().div() * 2 * EPS;
  }

  /** Returns the relative error of a logarithm's result, taken relative to max(1, |ln x|). */
  double log() {
    return traits.ulps().log() * 2 * EPS;
  }

  /** Returns the error of sine and cosine, relative to 1. */
  double trig() {
    return traits.ulps().trig() * 2 * EPS;
  }

  /**
   * Returns the relative error of a kernel-private rounding to a type: half a unit in the last
   * place. FP32 rounds with every operation, so it adds none of its own.
   */
  static double rounding(DType type) {
    return type == DType.F32 ? 0 : Math.scalb(0.5, -type.format().mantissaBits());
  }

  /** Returns the absolute error of a kernel-private rounding to a type, where it underflows. */
  static double roundingUnderflow(DType type) {
    return type == DType.F32 ? 0 : type.format().minSubnormal() / 2;
  }

  /**
   * Returns the absolute error that underflow and a declared flush of intermediate results allow.
   */
  double underflow() {
    return traits.subnormals().accumulator() == Handling.FLUSHED ? FLUSHED : TINY;
  }

  /** Returns the absolute error that a declared flush of a result to zero allows; 0 without. */
  double flush() {
    return traits.subnormals().accumulator() == Handling.FLUSHED ? FLUSHED : 0;
  }

  /** Returns the absolute error that reading an operand may make: it may count as zero. */
  double operand(double value) {
    return flushesInputs() && Math.abs(value) < FLUSHED ? Math.abs(value) : 0;
  }

  /**
   * Returns the error of a result that is rounded to FP32 before it is rounded to the output type:
   * nothing when it is an FP32 number, or when FP32 is the output type and so the only rounding.
   */
  double beforeOutput(double result, DType output) {
    return output == DType.F32 || (double) (float) result == result ? 0 : EPS * Math.abs(result);
  }

  /** Returns whether subnormal operands may count as zero. */
  boolean flushesInputs() {
    return traits.subnormals().inputs() == Handling.FLUSHED;
  }
}

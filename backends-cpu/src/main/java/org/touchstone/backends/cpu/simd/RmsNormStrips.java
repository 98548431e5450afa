package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.backends.cpu.micro.RowKernels;
import org.touchstone.backends.cpu.micro.RowKernels.Rounding;
import org.touchstone.backends.cpu.micro.RowKernels.Weighting;

/** Normalises rows strip by strip: the sum of squares first, then the products of a variant. */
final class RmsNormStrips {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  /** Strips before {@link #sumOfSquares} are zero up to a multiple of this many elements. */
  static final int UNROLLED = 4 * F.length();

  /** Additions that a square passes through. */
  static final Chain CHAIN =
      Chain.blocked(UNROLLED, Strip.LENGTH, 2 + Integer.numberOfTrailingZeros(F.length()));

  private final RmsNormVariant variant;
  private final long hidden;
  private final float eps;
  private final Rounding rounding;
  private final RowKernels kernels;

  RmsNormStrips(RmsNormVariant variant, long hidden, float eps, DType output, RowKernels kernels) {
    this.variant = variant;
    this.hidden = hidden;
    this.eps = eps;
    this.rounding = output == DType.BF16 ? Rounding.BF16 : Rounding.NONE;
    this.kernels = kernels;
  }

  /** Returns the sum of squares of a strip. */
  static float sumOfSquares(float[] x, int count) {
    int step = F.length();
    FloatVector a = FloatVector.zero(F);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int i = 0; i < count; i += 4 * step) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      a = v.fma(v, a);
      v = FloatVector.fromArray(F, x, i + step);
      b = v.fma(v, b);
      v = FloatVector.fromArray(F, x, i + 2 * step);
      c = v.fma(v, c);
      v = FloatVector.fromArray(F, x, i + 3 * step);
      d = v.fma(v, d);
    }
    return VectorMath.sum(a.add(b).add(c.add(d)));
  }

  /** Returns {@code 1 / sqrt(mean + eps)} of a row, rounded once from FP64. */
  float reciprocalRoot(float sumOfSquares) {
    return (float) (1 / Math.sqrt((double) sumOfSquares / hidden + eps));
  }

  /**
   * Replaces a strip by its normalised values before the output rounding.
   *
   * @param x the strip
   * @param r {@link #reciprocalRoot} of its row
   * @param w weights; not read without
   * @param z gates, overwritten; not read without
   */
  void normalise(float[] x, float r, float[] w, float[] z, int count) {
    Weighting cast = rounding == Rounding.BF16 ? Weighting.CAST_THEN_WEIGHT : Weighting.WEIGHT;
    Weighting weighting =
        switch (variant) {
          case NO_WEIGHT -> Weighting.NONE;
          case FP32_MUL, GATED -> Weighting.WEIGHT;
          case ONE_PLUS_W -> Weighting.ONE_PLUS;
          case CAST_THEN_MUL, GATED_CAST_THEN_MUL -> cast;
        };
    kernels.normalise(x, count, r, w, weighting);
    if (variant == RmsNormVariant.GATED) {
      kernels.gate(x, z, count, rounding);
    } else if (variant == RmsNormVariant.GATED_CAST_THEN_MUL) {
      kernels.gate(x, z, count, Rounding.NONE);
    }
  }

  static void scale(float[] x, float r, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector.fromArray(F, x, i).mul(r).intoArray(x, i);
    }
  }

  static void multiply(float[] x, float r, float[] w, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector.fromArray(F, x, i).mul(r).mul(FloatVector.fromArray(F, w, i)).intoArray(x, i);
    }
  }

  static void multiplyOnePlus(float[] x, float r, float[] w, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector weight = FloatVector.fromArray(F, w, i).add(1f);
      FloatVector.fromArray(F, x, i).mul(r).mul(weight).intoArray(x, i);
    }
  }

  static void castThenMultiply(float[] x, float r, float[] w, int count) {
    for (int i = 0; i < count; i += F.length()) {
      VectorMath.roundToBf16(FloatVector.fromArray(F, x, i).mul(r))
          .mul(FloatVector.fromArray(F, w, i))
          .intoArray(x, i);
    }
  }

  /** Multiplies by silu of the gates, which are replaced. */
  static void gate(float[] x, float[] z, int count, Rounding before) {
    VectorMath.silu(z, 0, count);
    for (int i = 0; i < count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      FloatVector rounded = before == Rounding.BF16 ? VectorMath.roundToBf16(v) : v;
      rounded.mul(FloatVector.fromArray(F, z, i)).intoArray(x, i);
    }
  }
}

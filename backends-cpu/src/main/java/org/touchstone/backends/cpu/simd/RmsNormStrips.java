package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.RmsNormVariant;

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
  private final boolean narrow;

  RmsNormStrips(RmsNormVariant variant, long hidden, float eps, DType output) {
    this.variant = variant;
    this.hidden = hidden;
    this.eps = eps;
    this.narrow = output == DType.BF16;
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
    switch (variant) {
      case NO_WEIGHT -> scale(x, r, count);
      case FP32_MUL -> multiply(x, r, w, count);
      case ONE_PLUS_W -> multiplyOnePlus(x, r, w, count);
      case CAST_THEN_MUL -> castThenMultiply(x, r, w, count);
      case GATED -> {
        multiply(x, r, w, count);
        gate(x, z, count, narrow);
      }
      case GATED_CAST_THEN_MUL -> {
        castThenMultiply(x, r, w, count);
        gate(x, z, count, false);
      }
    }
  }

  private static void scale(float[] x, float r, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector.fromArray(F, x, i).mul(r).intoArray(x, i);
    }
  }

  private static void multiply(float[] x, float r, float[] w, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector.fromArray(F, x, i).mul(r).mul(FloatVector.fromArray(F, w, i)).intoArray(x, i);
    }
  }

  private static void multiplyOnePlus(float[] x, float r, float[] w, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector weight = FloatVector.fromArray(F, w, i).add(1f);
      FloatVector.fromArray(F, x, i).mul(r).mul(weight).intoArray(x, i);
    }
  }

  private void castThenMultiply(float[] x, float r, float[] w, int count) {
    if (!narrow) {
      multiply(x, r, w, count);
      return;
    }
    for (int i = 0; i < count; i += F.length()) {
      VectorMath.roundToBf16(FloatVector.fromArray(F, x, i).mul(r))
          .mul(FloatVector.fromArray(F, w, i))
          .intoArray(x, i);
    }
  }

  /** Multiplies by silu of the gates, which are replaced. */
  private static void gate(float[] x, float[] z, int count, boolean round) {
    VectorMath.silu(z, 0, count);
    for (int i = 0; i < count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      FloatVector rounded = round ? VectorMath.roundToBf16(v) : v;
      rounded.mul(FloatVector.fromArray(F, z, i)).intoArray(x, i);
    }
  }
}

package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.op.Activation;

/**
 * Applies gated activations to arrays whose length is a multiple of the vector length behind every
 * range used, as {@link Strip}'s are. Built on {@code g sigma(x)}, whose exponential never
 * overflows; GeGLU is {@code g sigma(2 sqrt(2/pi) (g + 0.044715 g^3)) u}. Several short loops, for
 * the reason that {@link VectorMath} gives.
 */
final class GatedActStrips {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorShuffle<Float> EVEN = VectorShuffle.makeUnzip(F, 0);
  private static final VectorShuffle<Float> ODD = VectorShuffle.makeUnzip(F, 1);

  /** Elements between which the exponentials stay in the first-level cache. */
  private static final int BLOCK = 1024;

  private static final ThreadLocal<float[]> SCRATCH =
      ThreadLocal.withInitial(() -> new float[BLOCK]);

  private static final float OAI_SLOPE = 1.702f;
  private static final float GEGLU_SLOPE = (float) (2 * Math.sqrt(2 / Math.PI));
  private static final float CUBIC = 0.044715f;

  private GatedActStrips() {}

  /** Replaces gates by {@code act(g, u)}; clamps ups in place. */
  static void apply(Activation activation, float[] g, float[] u, int count) {
    if (activation.clamped()) {
      clamp(g, u, activation.limit(), count);
    }
    float[] t = SCRATCH.get();
    for (int from = 0; from < count; from += BLOCK) {
      int n = Math.min(BLOCK, count - from);
      switch (activation.kind()) {
        case SWIGLU -> scale(g, from, 1f, t, n);
        case SWIGLU_OAI -> scale(g, from, OAI_SLOPE, t, n);
        case GEGLU_TANH -> cubic(g, from, t, n);
      }
      VectorMath.expOfNegatedMagnitude(t, t, n);
      VectorMath.multiplyBySigmoid(g, from, t, n);
      if (activation.kind() == Activation.Kind.SWIGLU_OAI) {
        multiplyByOnePlus(g, u, from, n);
      } else {
        multiply(g, u, from, n);
      }
    }
  }

  /** NaN compares false, so it passes. */
  private static void clamp(float[] g, float[] u, float limit, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector gate = FloatVector.fromArray(F, g, i);
      gate.blend(limit, gate.compare(VectorOperators.GT, limit)).intoArray(g, i);
      FloatVector up = FloatVector.fromArray(F, u, i);
      up = up.blend(limit, up.compare(VectorOperators.GT, limit));
      up.blend(-limit, up.compare(VectorOperators.LT, -limit)).intoArray(u, i);
    }
  }

  private static void scale(float[] g, int from, float slope, float[] x, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector.fromArray(F, g, from + i).mul(slope).intoArray(x, i);
    }
  }

  private static void cubic(float[] g, int from, float[] x, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, g, from + i);
      v.mul(v).mul(v).fma(FloatVector.broadcast(F, CUBIC), v).mul(GEGLU_SLOPE).intoArray(x, i);
    }
  }

  private static void multiply(float[] g, float[] u, int from, int count) {
    for (int i = from; i < from + count; i += F.length()) {
      FloatVector.fromArray(F, g, i).mul(FloatVector.fromArray(F, u, i)).intoArray(g, i);
    }
  }

  private static void multiplyByOnePlus(float[] g, float[] u, int from, int count) {
    for (int i = from; i < from + count; i += F.length()) {
      FloatVector.fromArray(F, g, i).mul(FloatVector.fromArray(F, u, i).add(1f)).intoArray(g, i);
    }
  }

  /**
   * Splits gates and ups that alternate in two arrays: the first holds the first half of the pairs.
   */
  static void deinterleave(float[] first, float[] second, int count, float[] g, float[] u) {
    int step = F.length();
    for (int i = 0; i < count; i += step) {
      float[] from = 2 * i < first.length ? first : second;
      int at = 2 * i % first.length;
      FloatVector low = FloatVector.fromArray(F, from, at);
      FloatVector high = FloatVector.fromArray(F, from, at + step);
      low.rearrange(EVEN, high).intoArray(g, i);
      low.rearrange(ODD, high).intoArray(u, i);
    }
  }
}

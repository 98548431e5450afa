package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.op.Activation;

/**
 * Applies gated activations to arrays whose length is a multiple of the vector length behind every
 * range used, as {@link Strip}'s are. Built on {@code g sigma(x)}, whose exponential never
 * overflows; GeGLU is {@code g sigma(2 sqrt(2/pi) (g + 0.044715 g^3)) u}.
 */
final class GatedActStrips {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorShuffle<Float> EVEN = VectorShuffle.makeUnzip(F, 0);
  private static final VectorShuffle<Float> ODD = VectorShuffle.makeUnzip(F, 1);

  private static final float OAI_SLOPE = 1.702f;
  private static final float GEGLU_SLOPE = (float) (2 * Math.sqrt(2 / Math.PI));
  private static final float CUBIC = 0.044715f;

  private GatedActStrips() {}

  /** Replaces gates by {@code act(g, u)}. */
  static void apply(Activation activation, float[] g, float[] u, int count) {
    float limit = activation.limit();
    switch (activation.kind()) {
      case SWIGLU -> swiglu(g, u, limit, count);
      case SWIGLU_OAI -> swigluOai(g, u, limit, count);
      case GEGLU_TANH -> geglu(g, u, limit, count);
    }
  }

  private static void swiglu(float[] g, float[] u, float limit, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector gate = below(FloatVector.fromArray(F, g, i), limit);
      FloatVector up = within(FloatVector.fromArray(F, u, i), limit);
      VectorMath.silu(gate).mul(up).intoArray(g, i);
    }
  }

  private static void swigluOai(float[] g, float[] u, float limit, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector gate = below(FloatVector.fromArray(F, g, i), limit);
      FloatVector up = within(FloatVector.fromArray(F, u, i), limit);
      VectorMath.scaledSigmoid(gate, gate.mul(OAI_SLOPE)).mul(up.add(1f)).intoArray(g, i);
    }
  }

  private static void geglu(float[] g, float[] u, float limit, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector gate = below(FloatVector.fromArray(F, g, i), limit);
      FloatVector up = within(FloatVector.fromArray(F, u, i), limit);
      FloatVector cube = gate.mul(gate).mul(gate);
      FloatVector x = cube.fma(FloatVector.broadcast(F, CUBIC), gate).mul(GEGLU_SLOPE);
      VectorMath.scaledSigmoid(gate, x).mul(up).intoArray(g, i);
    }
  }

  /** NaN compares false, so it passes. */
  private static FloatVector below(FloatVector x, float limit) {
    return x.blend(limit, x.compare(VectorOperators.GT, limit));
  }

  private static FloatVector within(FloatVector x, float limit) {
    FloatVector bounded = below(x, limit);
    return bounded.blend(-limit, bounded.compare(VectorOperators.LT, -limit));
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

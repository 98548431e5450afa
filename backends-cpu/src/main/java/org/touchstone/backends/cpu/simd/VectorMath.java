package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;
import org.touchstone.api.Ulps;

/**
 * Elementary functions and reductions on FP32 vectors and on ranges of arrays, for every input:
 * infinities, NaN and subnormal results included.
 *
 * <p>The Vector API's own {@code EXP} and {@code reduceLanes(ADD)} give other bits in the
 * interpreter than in compiled code, so a kernel that used them would change its results while it
 * warms up. Everything here is built from operations that IEEE 754 defines bit by bit, and the
 * result of an element does not depend on where it lies in a range.
 */
final class VectorMath {
  /** Largest error of {@link #exp}, in units of the last place of the result. */
  static final double EXP_ULPS = 1.05;

  /** Largest error of {@link #sigmoid}, in units of the last place of the result. */
  static final double SIGMOID_ULPS = 2.5;

  /**
   * Largest error of {@link #silu}, in units of the last place of the result, for arguments of at
   * least -87; below, {@code e^x} is subnormal and its own error counts.
   */
  static final double SILU_ULPS = 3.5;

  /** Largest error of {@link #tanh}, in units of the last place of the result. */
  static final double TANH_ULPS = 1.5;

  /**
   * Errors of the functions that SIMD kernels use: {@link #exp}, and in FP64 rounded once the
   * reciprocal root, logarithm, sine and cosine. A kernel that calls {@link #tanh} declares more.
   */
  static final Ulps ULPS = new Ulps(EXP_ULPS, 0.5, 0.5, 0.5, 0.5);

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  /** The longest chain of additions in {@link #sum}. */
  static final Chain SUM_CHAIN =
      Chain.lanes(4L * F.length(), 2 + Integer.numberOfTrailingZeros(F.length()));

  /** Below, {@code e^x} rounds to zero: it is less than half of the smallest subnormal. */
  private static final float EXP_MIN = -104f;

  /** Above, {@code e^x} is infinite in FP32. */
  private static final float EXP_MAX = 89f;

  private static final float LOG2_E = 0x1.715476p0f;

  /** Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits. */
  private static final float ROUND = 0x1.8p23f;

  private static final int ROUND_BITS = 0x4B40_0000;

  /** ln 2 in two parts: a product of the first, which is short, with an exponent is exact. */
  private static final float LN2_HIGH = 0x1.62e4p-1f;

  private static final float LN2_LOW = 0x1.7f7d1cp-20f;

  private static final VectorShuffle<Float> BY_32 = rotation(32);
  private static final VectorShuffle<Float> BY_16 = rotation(16);
  private static final VectorShuffle<Float> BY_8 = rotation(8);
  private static final VectorShuffle<Float> BY_4 = rotation(4);
  private static final VectorShuffle<Float> BY_2 = rotation(2);
  private static final VectorShuffle<Float> BY_1 = rotation(1);

  private VectorMath() {}

  /** Returns {@code e^x}. */
  static FloatVector exp(FloatVector x) {
    // Comparisons are false for NaN, which so passes through.
    FloatVector high = x.blend(EXP_MAX, x.compare(VectorOperators.GT, EXP_MAX));
    FloatVector bounded = high.blend(EXP_MIN, high.compare(VectorOperators.LT, EXP_MIN));
    FloatVector shifted = bounded.fma(LOG2_E, ROUND);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(broadcast(-LN2_HIGH), bounded);
    r = n.fma(broadcast(-LN2_LOW), r);
    // e^r = 1 + r + r^2 q(r) for |r| <= ln(2)/2, minimax with a relative error of 0.03 units.
    FloatVector q = broadcast(0x1.6a2436p-10f).fma(r, broadcast(0x1.1239e0p-7f));
    q = q.fma(r, broadcast(0x1.5558f2p-5f));
    q = q.fma(r, broadcast(0x1.555492p-3f));
    q = q.fma(r, broadcast(0x1.fffffcp-2f));
    FloatVector power = q.mul(r).fma(r, r).add(1f);
    // Two factors: 2^n alone leaves the range of normal numbers where e^x is subnormal or largest.
    IntVector exponent = shifted.reinterpretAsInts().sub(ROUND_BITS);
    IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
    return power.mul(powerOfTwo(half)).mul(powerOfTwo(exponent.sub(half)));
  }

  private static FloatVector powerOfTwo(IntVector exponent) {
    return exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  /** Returns {@code 1 / (1 + e^-x)}. */
  static FloatVector sigmoid(FloatVector x) {
    FloatVector t = exp(x.abs().neg());
    FloatVector numerator = broadcast(1f).blend(t, x.compare(VectorOperators.LT, 0f));
    return numerator.div(t.add(1f));
  }

  /** Returns {@code x / (1 + e^-x)}; -0 for -Inf. */
  static FloatVector silu(FloatVector x) {
    return scaledSigmoid(x, x);
  }

  /** Returns {@code g sigma(x)} for a finite positive {@code x / g}; -0 for -Inf. */
  static FloatVector scaledSigmoid(FloatVector g, FloatVector x) {
    FloatVector t = exp(x.abs().neg());
    VectorMask<Float> negative = x.compare(VectorOperators.LT, 0f);
    FloatVector numerator = broadcast(1f).blend(t, negative);
    // -Inf times a numerator of 0 would be NaN; any finite number gives the -0 that is wanted.
    FloatVector finite = g.blend(-Float.MAX_VALUE, g.compare(VectorOperators.LT, -Float.MAX_VALUE));
    return finite.mul(numerator).div(t.add(1f));
  }

  /** Returns the hyperbolic tangent. */
  static FloatVector tanh(FloatVector x) {
    FloatVector magnitude = x.abs();
    FloatVector square = x.mul(x);
    // tanh x = x + x^3 p(x^2) for |x| <= 0.625, minimax with a relative error of 0.002 units.
    FloatVector p = broadcast(0x1.18e9acp-9f).fma(square, broadcast(-0x1.0bf710p-7f));
    p = p.fma(square, broadcast(0x1.638bc2p-6f));
    p = p.fma(square, broadcast(-0x1.b9ee9ap-5f));
    p = p.fma(square, broadcast(0x1.111066p-3f));
    p = p.fma(square, broadcast(-0x1.555554p-2f));
    FloatVector small = p.mul(square).fma(magnitude, magnitude);
    FloatVector t = exp(magnitude.add(magnitude).neg());
    FloatVector large = broadcast(1f).sub(t.add(t).div(t.add(1f)));
    FloatVector result = small.blend(large, magnitude.compare(VectorOperators.GT, 0.625f));
    IntVector sign = x.reinterpretAsInts().and(Integer.MIN_VALUE);
    return result.reinterpretAsInts().or(sign).reinterpretAsFloats();
  }

  /** Rounds to the nearest BF16 numbers, ties to even; NaN stays NaN. */
  static FloatVector roundToBf16(FloatVector x) {
    IntVector bits = x.reinterpretAsInts();
    IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
    FloatVector rounded = bits.add(odd).add(0x7FFF).and(0xFFFF_0000).reinterpretAsFloats();
    // The carry of the rounding could turn a NaN into an infinity or a zero.
    return rounded.blend(x, x.compare(VectorOperators.NE, x));
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(F, value);
  }

  /** Replaces {@code x[from .. from + count - 1]} by {@code e^x}. */
  static void exp(float[] x, int from, int count) {
    exp(x, from, count, 0f);
  }

  /** Replaces {@code x[from .. from + count - 1]} by {@code e^(x - shift)}. */
  static void exp(float[] x, int from, int count, float shift) {
    int i = 0;
    for (; i <= count - F.length(); i += F.length()) {
      exp(FloatVector.fromArray(F, x, from + i).sub(shift)).intoArray(x, from + i);
    }
    if (i < count) {
      VectorMask<Float> rest = F.indexInRange(i, count);
      exp(FloatVector.fromArray(F, x, from + i, rest).sub(shift)).intoArray(x, from + i, rest);
    }
  }

  /** Replaces {@code x[from .. from + count - 1]} by its sigmoid. */
  static void sigmoid(float[] x, int from, int count) {
    int i = 0;
    for (; i <= count - F.length(); i += F.length()) {
      sigmoid(FloatVector.fromArray(F, x, from + i)).intoArray(x, from + i);
    }
    if (i < count) {
      VectorMask<Float> rest = F.indexInRange(i, count);
      sigmoid(FloatVector.fromArray(F, x, from + i, rest)).intoArray(x, from + i, rest);
    }
  }

  /** Replaces {@code x[from .. from + count - 1]} by {@code x sigma(x)}. */
  static void silu(float[] x, int from, int count) {
    int i = 0;
    for (; i <= count - F.length(); i += F.length()) {
      silu(FloatVector.fromArray(F, x, from + i)).intoArray(x, from + i);
    }
    if (i < count) {
      VectorMask<Float> rest = F.indexInRange(i, count);
      silu(FloatVector.fromArray(F, x, from + i, rest)).intoArray(x, from + i, rest);
    }
  }

  /** Replaces {@code x[from .. from + count - 1]} by its hyperbolic tangent. */
  static void tanh(float[] x, int from, int count) {
    int i = 0;
    for (; i <= count - F.length(); i += F.length()) {
      tanh(FloatVector.fromArray(F, x, from + i)).intoArray(x, from + i);
    }
    if (i < count) {
      VectorMask<Float> rest = F.indexInRange(i, count);
      tanh(FloatVector.fromArray(F, x, from + i, rest)).intoArray(x, from + i, rest);
    }
  }

  /** Returns the largest of {@code x[from .. from + count - 1]}: -Inf for none, NaN if one is. */
  static float max(float[] x, int from, int count) {
    FloatVector largest = broadcast(Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i <= count - F.length(); i += F.length()) {
      largest = largest.max(FloatVector.fromArray(F, x, from + i));
    }
    float result = largest.reduceLanes(VectorOperators.MAX);
    for (; i < count; i++) {
      result = Math.max(result, x[from + i]);
    }
    return result;
  }

  /** Returns the sum of {@code x[from .. from + count - 1]}, see {@link #SUM_CHAIN}. */
  static float sum(float[] x, int from, int count) {
    int step = F.length();
    FloatVector a = FloatVector.zero(F);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    int i = 0;
    for (; i <= count - 4 * step; i += 4 * step) {
      a = a.add(FloatVector.fromArray(F, x, from + i));
      b = b.add(FloatVector.fromArray(F, x, from + i + step));
      c = c.add(FloatVector.fromArray(F, x, from + i + 2 * step));
      d = d.add(FloatVector.fromArray(F, x, from + i + 3 * step));
    }
    a = a.add(upTo(x, from, i, count));
    b = b.add(upTo(x, from, i + step, count));
    c = c.add(upTo(x, from, i + 2 * step, count));
    d = d.add(upTo(x, from, i + 3 * step, count));
    return sum(a.add(b).add(c.add(d)));
  }

  private static FloatVector upTo(float[] x, int from, int i, int count) {
    return i < count
        ? FloatVector.fromArray(F, x, from + i, F.indexInRange(i, count))
        : FloatVector.zero(F);
  }

  /** Returns the sum of a vector's lanes, added in pairs. */
  static float sum(FloatVector x) {
    FloatVector pairs = x;
    // The length is a constant of the compiled code, so only the branches taken remain of it.
    if (F.length() > 32) {
      pairs = pairs.add(pairs.rearrange(BY_32));
    }
    if (F.length() > 16) {
      pairs = pairs.add(pairs.rearrange(BY_16));
    }
    if (F.length() > 8) {
      pairs = pairs.add(pairs.rearrange(BY_8));
    }
    if (F.length() > 4) {
      pairs = pairs.add(pairs.rearrange(BY_4));
    }
    if (F.length() > 2) {
      pairs = pairs.add(pairs.rearrange(BY_2));
    }
    return pairs.add(pairs.rearrange(BY_1)).lane(0);
  }

  private static VectorShuffle<Float> rotation(int lanes) {
    return F.iotaShuffle(lanes, 1, true);
  }
}

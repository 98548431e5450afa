package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
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
 *
 * <p>Functions of several steps are several loops over scratch: a method stops inlining calls when
 * it has grown by about forty vector operations, and a call that is not inlined allocates its
 * vectors.
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

  /** Elements that pass through scratch at once: both arrays stay in the first-level cache. */
  private static final int BLOCK = 1024;

  private static final ThreadLocal<float[][]> SCRATCH =
      ThreadLocal.withInitial(() -> new float[2][BLOCK]);

  private VectorMath() {}

  /** Replaces {@code x[from .. from + count - 1]} by {@code e^x}. */
  static void exp(float[] x, int from, int count) {
    exp(x, from, count, 0f);
  }

  /** Replaces {@code x[from .. from + count - 1]} by {@code e^(x - shift)}. */
  static void exp(float[] x, int from, int count, float shift) {
    int whole = count - count % F.length();
    expOfVectors(x, from, whole, shift);
    if (whole < count) {
      float[] tail = SCRATCH.get()[0];
      System.arraycopy(x, from + whole, tail, 0, count - whole);
      expOfVectors(tail, 0, F.length(), shift);
      System.arraycopy(tail, 0, x, from + whole, count - whole);
    }
  }

  /** {@link #exp} of whole vectors. */
  private static void expOfVectors(float[] x, int from, int count, float shift) {
    for (int i = from; i < from + count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, x, i).sub(shift);
      // Comparisons are false for NaN, which so passes through.
      v = v.blend(EXP_MAX, v.compare(VectorOperators.GT, EXP_MAX));
      v = v.blend(EXP_MIN, v.compare(VectorOperators.LT, EXP_MIN));
      FloatVector shifted = v.fma(LOG2_E, ROUND);
      FloatVector n = shifted.sub(ROUND);
      FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), v);
      r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
      // e^r = 1 + r + r^2 q(r) for |r| <= ln(2)/2, minimax with a relative error of 0.03 units.
      FloatVector q =
          FloatVector.broadcast(F, 0x1.6a2436p-10f)
              .fma(r, FloatVector.broadcast(F, 0x1.1239e0p-7f));
      q = q.fma(r, FloatVector.broadcast(F, 0x1.5558f2p-5f));
      q = q.fma(r, FloatVector.broadcast(F, 0x1.555492p-3f));
      q = q.fma(r, FloatVector.broadcast(F, 0x1.fffffcp-2f));
      FloatVector power = q.mul(r).fma(r, r).add(1f);
      // Two factors: 2^n alone leaves the normal numbers where e^x is subnormal or largest.
      IntVector exponent = shifted.reinterpretAsInts().sub(ROUND_BITS);
      IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
      IntVector rest = exponent.sub(half);
      power
          .mul(half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
          .mul(rest.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
          .intoArray(x, i);
    }
  }

  /** Replaces {@code x[from .. from + count - 1]} by {@code 1 / (1 + e^-x)}. */
  static void sigmoid(float[] x, int from, int count) {
    inBlocks(
        x,
        from,
        count,
        (v, t, n) -> {
          expOfNegatedMagnitude(v, t, n);
          for (int i = 0; i < n; i += F.length()) {
            FloatVector e = FloatVector.fromArray(F, t, i);
            FloatVector one = FloatVector.broadcast(F, 1f);
            one.blend(e, FloatVector.fromArray(F, v, i).compare(VectorOperators.LT, 0f))
                .div(e.add(1f))
                .intoArray(v, i);
          }
        });
  }

  /** Replaces {@code x[from .. from + count - 1]} by {@code x / (1 + e^-x)}; -0 for -Inf. */
  static void silu(float[] x, int from, int count) {
    inBlocks(
        x,
        from,
        count,
        (v, t, n) -> {
          expOfNegatedMagnitude(v, t, n);
          multiplyBySigmoid(v, 0, t, n);
        });
  }

  /** Replaces {@code x[from .. from + count - 1]} by its hyperbolic tangent. */
  static void tanh(float[] x, int from, int count) {
    inBlocks(
        x,
        from,
        count,
        (v, t, n) -> {
          for (int i = 0; i < n; i += F.length()) {
            FloatVector.fromArray(F, v, i).abs().mul(-2f).intoArray(t, i);
          }
          expOfVectors(t, 0, n, 0f);
          tanh(v, t, n);
        });
  }

  /** Completes {@code tanh} of whole vectors, with {@code t = e^(-2 |x|)}. */
  private static void tanh(float[] x, float[] t, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      FloatVector magnitude = v.abs();
      FloatVector square = v.mul(v);
      // tanh x = x + x^3 p(x^2) for |x| <= 0.625, minimax with a relative error of 0.002 units.
      FloatVector p =
          FloatVector.broadcast(F, 0x1.18e9acp-9f)
              .fma(square, FloatVector.broadcast(F, -0x1.0bf710p-7f));
      p = p.fma(square, FloatVector.broadcast(F, 0x1.638bc2p-6f));
      p = p.fma(square, FloatVector.broadcast(F, -0x1.b9ee9ap-5f));
      p = p.fma(square, FloatVector.broadcast(F, 0x1.111066p-3f));
      p = p.fma(square, FloatVector.broadcast(F, -0x1.555554p-2f));
      FloatVector small = p.mul(square).fma(magnitude, magnitude);
      FloatVector e = FloatVector.fromArray(F, t, i);
      FloatVector large = FloatVector.broadcast(F, 1f).sub(e.add(e).div(e.add(1f)));
      FloatVector result = small.blend(large, magnitude.compare(VectorOperators.GT, 0.625f));
      IntVector sign = v.reinterpretAsInts().and(Integer.MIN_VALUE);
      result.reinterpretAsInts().or(sign).reinterpretAsFloats().intoArray(x, i);
    }
  }

  /**
   * Sets {@code t = e^-|x|} for whole vectors from the start of both arrays, up to the one that
   * holds element {@code count - 1}. Unlike {@code e^-x} it never overflows.
   */
  static void expOfNegatedMagnitude(float[] x, float[] t, int count) {
    int whole = Math.ceilDiv(count, F.length()) * F.length();
    for (int i = 0; i < whole; i += F.length()) {
      FloatVector.fromArray(F, x, i).abs().neg().intoArray(t, i);
    }
    expOfVectors(t, 0, whole, 0f);
  }

  /**
   * Replaces {@code g[from ..]} by {@code g sigma(x)} for whole vectors, with {@code t = e^-|x|}
   * and an x of the sign of g; -0 for -Inf.
   */
  static void multiplyBySigmoid(float[] g, int from, float[] t, int count) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector v = FloatVector.fromArray(F, g, from + i);
      FloatVector e = FloatVector.fromArray(F, t, i);
      FloatVector numerator =
          FloatVector.broadcast(F, 1f).blend(e, v.compare(VectorOperators.LT, 0f));
      // -Inf times a numerator of 0 would be NaN; any finite number gives the -0 that is wanted.
      v = v.blend(-Float.MAX_VALUE, v.compare(VectorOperators.LT, -Float.MAX_VALUE));
      v.mul(numerator).div(e.add(1f)).intoArray(g, from + i);
    }
  }

  /** A function of whole vectors: replaces the first array, with the second as scratch. */
  private interface BlockFunction {
    void apply(float[] x, float[] scratch, int count);
  }

  /** Passes a range through scratch arrays that hold whole vectors. */
  private static void inBlocks(float[] x, int from, int count, BlockFunction function) {
    float[][] scratch = SCRATCH.get();
    for (int done = 0; done < count; done += BLOCK) {
      int n = Math.min(BLOCK, count - done);
      System.arraycopy(x, from + done, scratch[0], 0, n);
      function.apply(scratch[0], scratch[1], Math.ceilDiv(n, F.length()) * F.length());
      System.arraycopy(scratch[0], 0, x, from + done, n);
    }
  }

  /** Rounds to the nearest BF16 numbers, ties to even; NaN stays NaN. */
  static FloatVector roundToBf16(FloatVector x) {
    IntVector bits = x.reinterpretAsInts();
    IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
    FloatVector rounded = bits.add(odd).add(0x7FFF).and(0xFFFF_0000).reinterpretAsFloats();
    // The carry of the rounding could turn a NaN into an infinity or a zero.
    return rounded.blend(x, x.compare(VectorOperators.NE, x));
  }

  /** Multiplies whole vectors. */
  static void multiply(float[] x, int from, int count, float factor) {
    for (int i = from; i < from + count; i += F.length()) {
      FloatVector.fromArray(F, x, i).mul(factor).intoArray(x, i);
    }
  }

  /** Adds up whole vectors, then adds the sum to the vector at {@code to[at ..]}. */
  static void addVectors(float[] x, int from, int count, float[] to, int at) {
    FloatVector sum = FloatVector.zero(F);
    for (int i = from; i < from + count; i += F.length()) {
      sum = sum.add(FloatVector.fromArray(F, x, i));
    }
    sum.add(FloatVector.fromArray(F, to, at)).intoArray(to, at);
  }

  /** Returns the largest of {@code x[from .. from + count - 1]}: -Inf for none, NaN if one is. */
  static float max(float[] x, int from, int count) {
    FloatVector largest = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
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

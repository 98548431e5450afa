package org.touchstone.backends.cpu.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Measures the functions over all of FP32 and checks what does not depend on a bound. */
class VectorMathTest {
  /** Prime, so that every binade and every low bit is met: 16.6 million arguments. */
  private static final int STRIDE = 257;

  private static final int BLOCK = 4096;

  private static final float[] SPECIAL = {
    Float.NaN,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    0f,
    -0f,
    Float.MIN_VALUE,
    -Float.MIN_VALUE,
    Float.MIN_NORMAL,
    Float.MAX_VALUE,
    -Float.MAX_VALUE,
    88.72284f,
    -87.33654f,
    -103.27893f,
    -103.97208f,
    -104f
  };

  /** A function on a range of an array. */
  private interface RangeFunction {
    void apply(float[] x, int from, int count);
  }

  @Test
  void exponentialStaysWithinItsDeclaredErrorOverAllOfFp32() {
    assertThat(worst(VectorMath::exp, Math::exp, Float.NEGATIVE_INFINITY))
        .isLessThanOrEqualTo(VectorMath.EXP_ULPS);
  }

  @Test
  void sigmoidStaysWithinItsDeclaredErrorOverAllOfFp32() {
    assertThat(worst(VectorMath::sigmoid, x -> 1 / (1 + Math.exp(-x)), Float.NEGATIVE_INFINITY))
        .isLessThanOrEqualTo(VectorMath.SIGMOID_ULPS);
  }

  @Test
  void siluStaysWithinItsDeclaredErrorFromMinus87On() {
    assertThat(worst(VectorMath::silu, x -> x / (1 + Math.exp(-x)), -87f))
        .isLessThanOrEqualTo(VectorMath.SILU_ULPS);
  }

  @Test
  void tanhStaysWithinItsDeclaredErrorOverAllOfFp32() {
    assertThat(worst(VectorMath::tanh, Math::tanh, Float.NEGATIVE_INFINITY))
        .isLessThanOrEqualTo(VectorMath.TANH_ULPS);
  }

  @Test
  void specialArgumentsGiveTheLimits() {
    assertThat(of(VectorMath::exp, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -0f, -104f))
        .containsExactly(0f, Float.POSITIVE_INFINITY, 1f, 0f);
    assertThat(of(VectorMath::sigmoid, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -0f))
        .containsExactly(0f, 1f, 0.5f);
    assertThat(of(VectorMath::silu, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -0f))
        .containsExactly(-0f, Float.POSITIVE_INFINITY, -0f);
    assertThat(of(VectorMath::tanh, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -0f))
        .containsExactly(-1f, 1f, -0f);
    for (RangeFunction function : functions()) {
      assertThat(of(function, Float.NaN)).containsExactly(Float.NaN);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 97})
  void anElementDoesNotDependOnItsPlaceAndNothingElseIsTouched(int count) {
    for (RangeFunction function : functions()) {
      float[] whole = new float[count];
      for (int i = 0; i < count; i++) {
        whole[i] = i < SPECIAL.length ? SPECIAL[i] : (i - 40) * 0.37f;
      }
      float[] alone = whole.clone();
      for (int i = 0; i < count; i++) {
        function.apply(alone, i, 1);
      }
      float[] guarded = new float[count + 10];
      Arrays.fill(guarded, 7f);
      System.arraycopy(whole, 0, guarded, 5, count);
      function.apply(guarded, 5, count);
      assertThat(Arrays.copyOfRange(guarded, 5, 5 + count)).isEqualTo(alone);
      assertThat(Arrays.copyOf(guarded, 5)).containsOnly(7f);
      assertThat(Arrays.copyOfRange(guarded, 5 + count, count + 10)).containsOnly(7f);
    }
  }

  @Test
  void shiftedExponentialSubtractsFirst() {
    float[] x = {100f, 99f, Float.NEGATIVE_INFINITY, -100f};
    VectorMath.exp(x, 0, 4, 100f);
    assertThat(x).containsExactly(1f, of(VectorMath::exp, -1f)[0], 0f, 0f);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 5, 8, 13, 31, 32, 33, 64, 65, 127, 1000, 4099})
  void sumsAndMaximaCoverExactlyTheRange(int count) {
    float[] x = new float[count + 6];
    Arrays.fill(x, Float.NaN);
    long expected = 0;
    for (int i = 0; i < count; i++) {
      int value = i * 7919 % 101 - 30;
      x[3 + i] = value;
      expected += value;
    }
    assertThat(VectorMath.sum(x, 3, count)).isEqualTo((float) expected);
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, x[3 + i]);
    }
    assertThat(VectorMath.max(x, 3, count)).isEqualTo(largest);
  }

  @Test
  void aSumHasTheSameBitsBeforeAndAfterWarmUp() {
    float[] x = new float[1003];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) Math.sin(i + 1);
    }
    float first = VectorMath.sum(x, 0, x.length);
    for (int i = 0; i < 20_000; i++) {
      if (VectorMath.sum(x, 0, x.length) != first) {
        throw new AssertionError("sum changed in round " + i);
      }
    }
    double exact = 0;
    double magnitude = 0;
    for (float value : x) {
      exact += value;
      magnitude += Math.abs(value);
    }
    assertThat(Math.abs(first - exact))
        .isLessThanOrEqualTo(VectorMath.SUM_CHAIN.length(x.length) * 0x1p-24 * magnitude);
  }

  private static RangeFunction[] functions() {
    return new RangeFunction[] {
      VectorMath::exp, VectorMath::sigmoid, VectorMath::silu, VectorMath::tanh
    };
  }

  private static float[] of(RangeFunction function, float... x) {
    function.apply(x, 0, x.length);
    return x;
  }

  private static double worst(RangeFunction function, DoubleUnaryOperator exact, float from) {
    float[] in = new float[BLOCK];
    double worst = 0;
    for (long bits = Integer.MIN_VALUE; bits <= Integer.MAX_VALUE; ) {
      int count = 0;
      for (; count < BLOCK && bits <= Integer.MAX_VALUE; bits += STRIDE) {
        float x = Float.intBitsToFloat((int) bits);
        if (x >= from) {
          in[count++] = x;
        }
      }
      float[] out = in.clone();
      function.apply(out, 0, count);
      for (int i = 0; i < count; i++) {
        worst = Math.max(worst, ulps(out[i], exact.applyAsDouble(in[i])));
      }
    }
    return worst;
  }

  /** An overflow counts as the power of two above the largest number. */
  private static double ulps(float actual, double exact) {
    double bounded = Math.clamp(exact, -0x1p128, 0x1p128);
    double value = Math.clamp((double) actual, -0x1p128, 0x1p128);
    int binade = Math.clamp(Math.getExponent(bounded), Float.MIN_EXPONENT, Float.MAX_EXPONENT);
    return Math.abs(value - bounded) / Math.scalb(1.0, binade - 23);
  }
}

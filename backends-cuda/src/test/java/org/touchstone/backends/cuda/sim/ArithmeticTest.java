package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.touchstone.backends.cuda.sim.ExactFormat.Direction;

/** Tests arithmetic against exact results, with random and extreme operands. */
class ArithmeticTest {
  private static final String[] ROUNDING = {"rn", "rz", "rm", "rp"};
  private static final int N = 3000;

  /** Random bits, values of similar size, subnormals, and the values at which things happen. */
  private static int[] singles(long seed) {
    Random random = new Random(seed);
    float[] special = {
      0f,
      -0f,
      1f,
      -1f,
      Float.MIN_VALUE,
      Float.MIN_NORMAL,
      -Float.MIN_NORMAL,
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      0x1.fffffep-126f,
      0.5f,
      3f,
      1.0000001f
    };
    return IntStream.range(0, N)
        .map(
            i ->
                switch (random.nextInt(5)) {
                  case 0 -> random.nextInt();
                  case 1 -> Float.floatToRawIntBits(special[random.nextInt(special.length)]);
                  case 2 -> random.nextInt() & 0x80ffffff;
                  default -> Float.floatToRawIntBits((float) random.nextGaussian());
                })
        .map(b -> Float.isFinite(Float.intBitsToFloat(b)) ? b : 0x3fc00000)
        .toArray();
  }

  private interface Exact {
    float of(float x, float y, float z, int direction);
  }

  private static void checkFloat(String format, Exact expected) {
    int[] x = singles(1);
    int[] y = singles(2);
    int[] z = singles(3);
    for (int d = 0; d < ROUNDING.length; d++) {
      String body =
          "mov.b32 %f1, %r1;\nmov.b32 %f2, %r2;\nmov.b32 %f3, %r3;\n"
              + format.formatted(ROUNDING[d])
              + "\nmov.b32 %r10, %f4;";
      int[] got = InstructionRunner.words(body, x, y, z);
      for (int i = 0; i < N; i++) {
        float want =
            expected.of(
                Float.intBitsToFloat(x[i]),
                Float.intBitsToFloat(y[i]),
                Float.intBitsToFloat(z[i]),
                d);
        int bits = Float.isNaN(want) ? 0x7fffffff : Float.floatToRawIntBits(want);
        if (got[i] != bits) {
          assertThat(Float.intBitsToFloat(got[i]))
              .as(
                  "%s %s of %a %a %a",
                  format,
                  ROUNDING[d],
                  Float.intBitsToFloat(x[i]),
                  Float.intBitsToFloat(y[i]),
                  Float.intBitsToFloat(z[i]))
              .isEqualTo(want);
          assertThat(got[i]).as("sign of zero of %s %s", format, ROUNDING[d]).isEqualTo(bits);
        }
      }
    }
  }

  private static BigDecimal big(float x) {
    return new BigDecimal(x);
  }

  /** Rounds a sum; an exact zero of opposite signs is −0 only when rounding down. */
  private static float sum(
      BigDecimal x, boolean xNegative, BigDecimal y, boolean yNegative, int d) {
    BigDecimal s = x.add(y);
    if (s.signum() == 0) {
      return (xNegative && yNegative) || (xNegative != yNegative && d == 2) ? -0f : 0f;
    }
    return ExactArithmetic.single(s, d);
  }

  private static boolean negative(float x) {
    return Float.floatToRawIntBits(x) < 0;
  }

  @Test
  void sumsAreRoundedOnce() {
    checkFloat(
        "add.%s.f32 %%f4, %%f1, %%f2;",
        (x, y, z, d) -> sum(big(x), negative(x), big(y), negative(y), d));
    checkFloat(
        "sub.%s.f32 %%f4, %%f1, %%f2;",
        (x, y, z, d) -> sum(big(x), negative(x), big(y).negate(), !negative(y), d));
  }

  @Test
  void productsAreRoundedOnce() {
    checkFloat("mul.%s.f32 %%f4, %%f1, %%f2;", (x, y, z, d) -> product(x, y, d));
  }

  private static float product(float x, float y, int d) {
    float rounded = ExactArithmetic.single(big(x).multiply(big(y)), d);
    return Math.copySign(rounded, negative(x) == negative(y) ? 1f : -1f);
  }

  @Test
  void fusedMultiplyAddIsRoundedOnce() {
    checkFloat(
        "fma.%s.f32 %%f4, %%f1, %%f2, %%f3;",
        (x, y, z, d) ->
            sum(big(x).multiply(big(y)), negative(x) != negative(y), big(z), negative(z), d));
  }

  @Test
  void quotientsAndRootsAreRoundedOnce() {
    checkFloat(
        "div.%s.f32 %%f4, %%f1, %%f2;",
        (x, y, z, d) -> {
          if (y == 0 || x == 0) {
            return x / y;
          }
          return ExactArithmetic.quotient(big(x), big(y), d);
        });
    checkFloat(
        "rcp.%s.f32 %%f4, %%f1;",
        (x, y, z, d) -> x == 0 ? 1 / x : ExactArithmetic.quotient(BigDecimal.ONE, big(x), d));
    checkFloat(
        "abs.f32 %%f2, %%f1;\nsqrt.%s.f32 %%f4, %%f2;",
        (x, y, z, d) -> x == 0 ? 0f : root(Math.abs(x), d));
  }

  /** Finds the neighbours of the root by squaring. */
  private static float root(float x, int d) {
    float r = (float) Math.sqrt(x);
    int order = big(r).multiply(big(r)).compareTo(big(x));
    float below = order > 0 ? Math.nextDown(r) : r;
    float above = order < 0 ? Math.nextUp(r) : r;
    if (order == 0) {
      return r;
    }
    BigDecimal middle = big(below).add(big(above)).divide(BigDecimal.valueOf(2));
    boolean up = middle.multiply(middle).compareTo(big(x)) < 0;
    return switch (d) {
      case 0 -> up ? above : below;
      case 3 -> above;
      default -> below;
    };
  }

  @Test
  void flushingAndSaturationChangeOperandsAndResults() {
    int[] x = singles(5);
    int[] y = singles(6);
    String load = "mov.b32 %f1, %r1;\nmov.b32 %f2, %r2;\n";
    int[] flushed =
        InstructionRunner.words(load + "mul.rn.ftz.f32 %f4, %f1, %f2;\nmov.b32 %r10, %f4;", x, y);
    int[] saturated =
        InstructionRunner.words(load + "add.rn.sat.f32 %f4, %f1, %f2;\nmov.b32 %r10, %f4;", x, y);
    for (int i = 0; i < N; i++) {
      float a = flush(Float.intBitsToFloat(x[i]));
      float b = flush(Float.intBitsToFloat(y[i]));
      assertThat(flushed[i]).isEqualTo(Float.floatToRawIntBits(flush(a * b)));
      float s = Float.intBitsToFloat(x[i]) + Float.intBitsToFloat(y[i]);
      assertThat(Float.intBitsToFloat(saturated[i]) + 0f).isEqualTo(s > 0 ? Math.min(s, 1f) : 0f);
    }
  }

  private static float flush(float x) {
    return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x;
  }

  @Test
  void minimumAndMaximumTreatNanAndZeroAsDefined() {
    float[] values = {Float.NaN, 0f, -0f, 1f, -1f, Float.POSITIVE_INFINITY};
    for (float x : values) {
      for (float y : values) {
        int[] bits = {Float.floatToRawIntBits(x)};
        int[] other = {Float.floatToRawIntBits(y)};
        String load = "mov.b32 %f1, %r1;\nmov.b32 %f2, %r2;\n";
        float max = run(load + "max.f32 %f4, %f1, %f2;\nmov.b32 %r10, %f4;", bits, other);
        float min = run(load + "min.f32 %f4, %f1, %f2;\nmov.b32 %r10, %f4;", bits, other);
        float nan = run(load + "max.NaN.f32 %f4, %f1, %f2;\nmov.b32 %r10, %f4;", bits, other);
        float wantMax = Float.isNaN(x) ? y : Float.isNaN(y) ? x : Math.max(x, y);
        float wantMin = Float.isNaN(x) ? y : Float.isNaN(y) ? x : Math.min(x, y);
        // Boxed, so that NaN equals NaN and 0 differs from -0.
        assertThat(Float.valueOf(max)).as("max %s %s", x, y).isEqualTo(Float.valueOf(wantMax));
        assertThat(Float.valueOf(min)).as("min %s %s", x, y).isEqualTo(Float.valueOf(wantMin));
        assertThat(Float.valueOf(nan)).isEqualTo(Float.valueOf(Math.max(x, y)));
      }
    }
  }

  private static float run(String body, int[]... operands) {
    return Float.intBitsToFloat(InstructionRunner.words(body, operands)[0]);
  }

  @Test
  void halfArithmeticIsRoundedOnce() {
    half("f16", ExactFormat.F16);
    half("bf16", ExactFormat.BF16);
  }

  private static void half(String type, ExactFormat format) {
    int[] x = new Random(21).ints(N, 0, 1 << 16).toArray();
    int[] y = new Random(22).ints(N, 0, 1 << 16).toArray();
    int[] z = new Random(23).ints(N, 0, 1 << 16).toArray();
    String load = "mov.b32 {%h1, %h4}, %r1;\nmov.b32 {%h2, %h4}, %r2;\nmov.b32 {%h3, %h4}, %r3;\n";
    String end = "\ncvt.u32.u16 %r10, %h5;";
    int[] fma =
        InstructionRunner.words(load + "fma.rn." + type + " %h5, %h1, %h2, %h3;" + end, x, y, z);
    for (int i = 0; i < N; i++) {
      float a = format.value(x[i]);
      float b = format.value(y[i]);
      float c = format.value(z[i]);
      int want;
      if (Float.isFinite(a) && Float.isFinite(b) && Float.isFinite(c)) {
        BigDecimal exact = big(a).multiply(big(b)).add(big(c));
        boolean zero = exact.signum() == 0;
        want =
            zero
                ? format.code(a * b + c, Direction.NEAREST_EVEN, false)
                : format.code(exact, Direction.NEAREST_EVEN);
      } else {
        want = format.code((float) ((double) a * b + c), Direction.NEAREST_EVEN, false);
      }
      assertThat(fma[i]).as("fma %s of %a %a %a", type, a, b, c).isEqualTo(want);
    }
    int[] pair =
        InstructionRunner.words(
            "shl.b32 %r4, %r1, 16;\nor.b32 %r4, %r4, %r2;\nshl.b32 %r5, %r3, 16;\nor.b32 %r5, %r5, %r1;\nadd.rn."
                + type
                + "x2 %r10, %r4, %r5;",
            x,
            y,
            z);
    for (int i = 0; i < N; i++) {
      int high = add(format, x[i], z[i]);
      int low = add(format, y[i], x[i]);
      assertThat(pair[i]).as("add %sx2", type).isEqualTo(high << 16 | low);
    }
  }

  private static int add(ExactFormat format, int x, int y) {
    float a = format.value(x);
    float b = format.value(y);
    boolean exact = Float.isFinite(a) && Float.isFinite(b) && big(a).add(big(b)).signum() != 0;
    return exact
        ? format.code(big(a).add(big(b)), Direction.NEAREST_EVEN)
        : format.code(a + b, Direction.NEAREST_EVEN, false);
  }

  @Test
  void approximateFunctionsKeepTheirBounds() {
    int[] x =
        new Random(31).ints(N).map(i -> Float.floatToRawIntBits((i % 10000) / 400f)).toArray();
    bound("ex2.approx.f32", x, v -> Math.pow(2, v), 0x1p-22, 0);
    bound("rcp.approx.f32", x, v -> 1 / v, 0x1p-23, 0);
    bound("sin.approx.f32", x, Math::sin, 0, 0x1p-20);
    bound("cos.approx.f32", x, Math::cos, 0, 0x1p-20);
    bound("tanh.approx.f32", x, Math::tanh, 0x1p-11, 0);
    int[] positive = IntStream.of(x).map(i -> i & 0x7fffffff).toArray();
    bound("lg2.approx.f32", positive, v -> Math.log(v) / Math.log(2), 0x1p-22, 0x1p-22);
    bound("rsqrt.approx.f32", positive, v -> 1 / Math.sqrt(v), 0x1p-22, 0);
    bound("sqrt.approx.f32", positive, Math::sqrt, 0x1p-22, 0);
  }

  private interface Real {
    double of(double x);
  }

  private static void bound(String in, int[] x, Real f, double relative, double absolute) {
    int[] got =
        InstructionRunner.words("mov.b32 %f1, %r1;\n" + in + " %f4, %f1;\nmov.b32 %r10, %f4;", x);
    for (int i = 0; i < x.length; i++) {
      double want = f.of(Float.intBitsToFloat(x[i]));
      float have = Float.intBitsToFloat(got[i]);
      if (Double.isInfinite(want)) {
        assertThat((double) have).isEqualTo(want);
      } else {
        assertThat(Math.abs(have - want))
            .as("%s of %a", in, Float.intBitsToFloat(x[i]))
            .isLessThanOrEqualTo(Math.abs(want) * relative + absolute + Float.MIN_VALUE);
      }
    }
  }

  private interface Whole {
    BigInteger of(BigInteger x, BigInteger y, BigInteger z);
  }

  @Test
  void integerArithmeticOfAllWidths() {
    whole("mul.lo.s32 %r10, %r1, %r2;", true, (x, y, z) -> x.multiply(y));
    whole("mul.hi.s32 %r10, %r1, %r2;", true, (x, y, z) -> x.multiply(y).shiftRight(32));
    whole("mul.hi.u32 %r10, %r1, %r2;", false, (x, y, z) -> x.multiply(y).shiftRight(32));
    whole(
        "mad.hi.u32 %r10, %r1, %r2, %r3;", false, (x, y, z) -> x.multiply(y).shiftRight(32).add(z));
    whole(
        "mul.wide.s32 %rd1, %r1, %r2;\nmov.b64 {%r4, %r5}, %rd1;\nxor.b32 %r10, %r4, %r5;",
        true, (x, y, z) -> x.multiply(y).xor(x.multiply(y).shiftRight(32)));
    whole(
        "mul.wide.u32 %rd1, %r1, %r2;\nmov.b64 {%r4, %r5}, %rd1;\nxor.b32 %r10, %r4, %r5;",
        false, (x, y, z) -> x.multiply(y).xor(x.multiply(y).shiftRight(32)));
    whole("max.u32 %r10, %r1, %r2;", false, (x, y, z) -> x.max(y));
    whole("min.s32 %r10, %r1, %r2;", true, (x, y, z) -> x.min(y));
    whole(
        "bfe.u32 %r10, %r1, 5, 11;",
        false, (x, y, z) -> x.shiftRight(5).and(BigInteger.valueOf(2047)));
    whole(
        "shf.l.wrap.b32 %r10, %r1, %r2, 9;",
        false, (x, y, z) -> y.shiftLeft(32).or(x).shiftLeft(9).shiftRight(32));
    whole(
        "lop3.b32 %r10, %r1, %r2, %r3, 0xE8;",
        true, (x, y, z) -> x.and(y).or(x.and(z)).or(y.and(z)));
    whole(
        "div.s32 %r10, %r1, %r3;",
        true, (x, y, z) -> z.signum() == 0 ? BigInteger.ONE.negate() : x.divide(z));
    whole("rem.u32 %r10, %r1, %r3;", false, (x, y, z) -> z.signum() == 0 ? x : x.mod(z));
    whole("popc.b32 %r10, %r1;", false, (x, y, z) -> BigInteger.valueOf(x.bitCount()));
    whole("bfind.u32 %r10, %r1;", false, (x, y, z) -> BigInteger.valueOf(x.bitLength() - 1));
    whole(
        "prmt.b32 %r10, %r1, %r2, 0x3650;",
        false,
        (x, y, z) -> {
          byte[] b = y.shiftLeft(32).or(x).add(BigInteger.ONE.shiftLeft(64)).toByteArray();
          int out = (b[8] & 0xff) | (b[3] & 0xff) << 8 | (b[2] & 0xff) << 16 | (b[5] & 0xff) << 24;
          return BigInteger.valueOf(out);
        });
  }

  private static void whole(String body, boolean signed, Whole expected) {
    int[] x = words(41);
    int[] y = words(42);
    int[] z = words(43);
    int[] got = InstructionRunner.words(body, x, y, z);
    for (int i = 0; i < x.length; i++) {
      int want = expected.of(of(x[i], signed), of(y[i], signed), of(z[i], signed)).intValue();
      assertThat(got[i]).as("%s of %x %x %x", body, x[i], y[i], z[i]).isEqualTo(want);
    }
  }

  private static int[] words(long seed) {
    Random random = new Random(seed);
    int[] special = {0, 1, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 31, 32, 255};
    return IntStream.range(0, 2000)
        .map(i -> i % 3 == 0 ? special[random.nextInt(special.length)] : random.nextInt())
        .toArray();
  }

  private static BigInteger of(int x, boolean signed) {
    return BigInteger.valueOf(signed ? x : Integer.toUnsignedLong(x));
  }
}

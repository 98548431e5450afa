package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.touchstone.backends.cuda.sim.ExactFormat.Direction;

/** Tests conversions: all codes of 16 bits, and FP32 values around every rounding boundary. */
class ConversionsTest {
  private static final int[] ALL16 = IntStream.range(0, 1 << 16).toArray();

  @Test
  void smallFloatsToSingleForAllCodes() {
    check(
        "mov.b32 {%h1, %h2}, %r1;\ncvt.f32.f16 %f1, %h1;\nmov.b32 %r10, %f1;",
        ALL16, code -> single(ExactFormat.F16.value(code)));
    check(
        "mov.b32 {%h1, %h2}, %r1;\ncvt.f32.bf16 %f1, %h1;\nmov.b32 %r10, %f1;",
        ALL16, code -> single(ExactFormat.BF16.value(code)));
  }

  private static int single(float x) {
    return Float.isNaN(x) ? 0x7fffffff : Float.floatToRawIntBits(x);
  }

  private interface Expected {
    int of(int operand);
  }

  private static void check(String body, int[] operands, Expected expected) {
    int[] got = InstructionRunner.words(body, operands);
    for (int i = 0; i < operands.length; i++) {
      if (got[i] != expected.of(operands[i])) {
        assertThat(Integer.toHexString(got[i]))
            .as("%s of %x (%s)", body, operands[i], Float.intBitsToFloat(operands[i]))
            .isEqualTo(Integer.toHexString(expected.of(operands[i])));
      }
    }
  }

  @Test
  void pairsOfEightBitFloatsToHalvesForAllCodes() {
    eightBitsToHalves("e4m3x2", ExactFormat.E4M3);
    eightBitsToHalves("e5m2x2", ExactFormat.E5M2);
  }

  private static void eightBitsToHalves(String type, ExactFormat format) {
    check(
        "mov.b32 {%h1, %h2}, %r1;\ncvt.rn.f16x2." + type + " %r10, %h1;",
        ALL16,
        pair -> half(format, pair & 0xff) | half(format, pair >>> 8) << 16);
  }

  private static int half(ExactFormat format, int code) {
    return ExactFormat.F16.code(format.value(code), Direction.NEAREST_EVEN, false);
  }

  @Test
  void halvesToEightBitFloatsForAllCodes() {
    halvesToEightBits("e4m3x2", ExactFormat.E4M3);
    halvesToEightBits("e5m2x2", ExactFormat.E5M2);
  }

  private static void halvesToEightBits(String type, ExactFormat format) {
    // Each code in the low half, its complement in the high half.
    check(
        "not.b32 %r2, %r1;\nprmt.b32 %r3, %r1, %r2, 0x5410;\ncvt.rn.satfinite."
            + type
            + ".f16x2 %h1, %r3;\ncvt.u32.u16 %r10, %h1;",
        ALL16,
        code -> {
          float low = ExactFormat.F16.value(code);
          float high = ExactFormat.F16.value(~code & 0xffff);
          return format.code(low, Direction.NEAREST_EVEN, true)
              | format.code(high, Direction.NEAREST_EVEN, true) << 8;
        });
  }

  /** Singles at, between and just beside all values of a format, and some of no pattern. */
  private static int[] boundaries(ExactFormat format) {
    IntStream.Builder out = IntStream.builder();
    int codes = 1 << (format.bits() - 1);
    int step = codes > 4096 ? 7 : 1;
    for (int code = 0; code < codes; code += step) {
      float v = format.value(code);
      float next = format.value(Math.min(code + 1, codes - 1));
      float middle = Float.isFinite(v) && Float.isFinite(next) ? v + (next - v) / 2 : v;
      for (float x : new float[] {v, middle, Math.nextUp(middle), Math.nextDown(middle)}) {
        out.add(Float.floatToRawIntBits(x)).add(Float.floatToRawIntBits(-x));
      }
    }
    Random random = new Random(42);
    for (int i = 0; i < 5000; i++) {
      out.add(random.nextInt());
    }
    for (float x : new float[] {464f, 465f, 463.9f, 61440f, 61439f, 65519f, 65520f, 1e30f}) {
      out.add(Float.floatToRawIntBits(x)).add(Float.floatToRawIntBits(-x));
    }
    return out.build().toArray();
  }

  @Test
  void singlesToHalvesInAllDirections() {
    singlesTo("f16", ExactFormat.F16);
  }

  @Test
  void singlesToBrainFloatsInAllDirections() {
    singlesTo("bf16", ExactFormat.BF16);
  }

  private static void singlesTo(String type, ExactFormat format) {
    int[] operands = boundaries(format);
    for (Direction direction : new Direction[] {Direction.NEAREST_EVEN, Direction.ZERO}) {
      String rounding = direction == Direction.ZERO ? "rz" : "rn";
      check(
          "mov.b32 %f1, %r1;\ncvt."
              + rounding
              + "."
              + type
              + ".f32 %h1, %f1;\ncvt.u32.u16 %r10, %h1;",
          operands,
          x -> format.code(Float.intBitsToFloat(x), direction, false));
      check(
          "mov.b32 %f1, %r1;\nneg.f32 %f2, %f1;\ncvt."
              + rounding
              + "."
              + type
              + "x2.f32 %r10, %f2, %f1;",
          operands,
          x -> {
            float v = Float.intBitsToFloat(x);
            return format.code(v, direction, false) | format.code(-v, direction, false) << 16;
          });
    }
  }

  @Test
  void singlesToEightBitFloats() {
    singlesToEightBits("e4m3x2", ExactFormat.E4M3);
    singlesToEightBits("e5m2x2", ExactFormat.E5M2);
  }

  private static void singlesToEightBits(String type, ExactFormat format) {
    check(
        "mov.b32 %f1, %r1;\nneg.f32 %f2, %f1;\ncvt.rn.satfinite."
            + type
            + ".f32 %h1, %f2, %f1;\ncvt.u32.u16 %r10, %h1;",
        boundaries(format),
        x -> {
          float v = Float.intBitsToFloat(x);
          return format.code(v, Direction.NEAREST_EVEN, true)
              | format.code(-v, Direction.NEAREST_EVEN, true) << 8;
        });
    check(
        "mov.b32 %f1, %r1;\ncvt.rn.satfinite.relu."
            + type
            + ".f32 %h1, %f1, %f1;\ncvt.u32.u16 %r10, %h1;",
        boundaries(format),
        x -> {
          float v = Float.intBitsToFloat(x);
          int code = format.code(v <= 0 ? 0f : v, Direction.NEAREST_EVEN, true);
          return code << 8 | code;
        });
  }

  @Test
  void halvesToIntegersForAllCodesInAllDirections() {
    String[] rounding = {"rni", "rzi", "rmi", "rpi"};
    RoundingMode[] modes = {
      RoundingMode.HALF_EVEN, RoundingMode.DOWN, RoundingMode.FLOOR, RoundingMode.CEILING
    };
    for (int i = 0; i < rounding.length; i++) {
      RoundingMode mode = modes[i];
      for (String type : new String[] {"s32", "u32", "s16", "u8", "s8"}) {
        boolean narrow = type.endsWith("16");
        check(
            "mov.b32 {%h1, %h2}, %r1;\ncvt."
                + rounding[i]
                + "."
                + type
                + ".f16 "
                + (narrow ? "%h3, %h1;\ncvt.s32.s16 %r10, %h3;" : "%r10, %h1;"),
            ALL16,
            code -> integer(ExactFormat.F16.value(code), mode, type).intValue());
      }
    }
  }

  /** Rounds and clamps to an integer type. */
  private static BigInteger integer(float x, RoundingMode mode, String type) {
    if (Float.isNaN(x)) {
      return BigInteger.ZERO;
    }
    int bits = Integer.parseInt(type.substring(1));
    boolean signed = type.startsWith("s");
    BigInteger max = BigInteger.ONE.shiftLeft(signed ? bits - 1 : bits).subtract(BigInteger.ONE);
    BigInteger min = signed ? max.negate().subtract(BigInteger.ONE) : BigInteger.ZERO;
    if (Float.isInfinite(x)) {
      return x > 0 ? max : min;
    }
    BigInteger v = new BigDecimal(x).setScale(0, mode).toBigIntegerExact();
    return v.min(max).max(min);
  }

  @Test
  void singlesToIntegersNearTheLimits() {
    Random random = new Random(7);
    IntStream.Builder values = IntStream.builder();
    for (int e = -3; e < 66; e++) {
      float p = Math.scalb(1f, e);
      for (float x : new float[] {p, Math.nextUp(p), Math.nextDown(p), p * 1.5f, p + 0.5f}) {
        values.add(Float.floatToRawIntBits(x)).add(Float.floatToRawIntBits(-x));
      }
    }
    random.ints(2000).forEach(values);
    int[] operands = values.build().toArray();
    for (String type : new String[] {"s32", "u32", "s16", "u16"}) {
      boolean narrow = type.endsWith("16");
      check(
          "mov.b32 %f1, %r1;\ncvt.rni."
              + type
              + ".f32 "
              + (narrow
                  ? "%h1, %f1;\ncvt." + type.charAt(0) + "32." + type + " %r10, %h1;"
                  : "%r10, %f1;"),
          operands,
          x -> integer(Float.intBitsToFloat(x), RoundingMode.HALF_EVEN, type).intValue());
    }
    for (String type : new String[] {"s64", "u64"}) {
      check(
          "mov.b32 %f1, %r1;\ncvt.rzi."
              + type
              + ".f32 %rd1, %f1;\nmov.b64 {%r4, %r5}, %rd1;\nxor.b32 %r10, %r4, %r5;",
          operands,
          x -> {
            long v = integer(Float.intBitsToFloat(x), RoundingMode.DOWN, type).longValue();
            return (int) v ^ (int) (v >>> 32);
          });
    }
  }

  @Test
  void integersToSinglesInAllDirections() {
    Random random = new Random(11);
    int[] operands = random.ints(20_000).map(i -> i >> (i & 31)).toArray();
    String[] rounding = {"rn", "rz", "rm", "rp"};
    for (int i = 0; i < rounding.length; i++) {
      int direction = i;
      check(
          "cvt." + rounding[i] + ".f32.s32 %f1, %r1;\nmov.b32 %r10, %f1;",
          operands,
          x -> Float.floatToRawIntBits(ExactArithmetic.single(BigDecimal.valueOf(x), direction)));
      check(
          "cvt." + rounding[i] + ".f32.u32 %f1, %r1;\nmov.b32 %r10, %f1;",
          operands,
          x ->
              Float.floatToRawIntBits(
                  ExactArithmetic.single(
                      BigDecimal.valueOf(Integer.toUnsignedLong(x)), direction)));
    }
    long[] wide = random.longs(20_000).map(v -> v >> (v & 63)).toArray();
    for (int i = 0; i < rounding.length; i++) {
      long[] got =
          InstructionRunner.longs(
              "cvt."
                  + rounding[i]
                  + ".f32.s64 %f1, %rd1;\nmov.b32 %r1, %f1;\ncvt.u64.u32 %rd10, %r1;",
              wide);
      for (int k = 0; k < wide.length; k++) {
        assertThat((int) got[k])
            .as("%d %s", wide[k], rounding[i])
            .isEqualTo(
                Float.floatToRawIntBits(ExactArithmetic.single(BigDecimal.valueOf(wide[k]), i)));
      }
    }
  }

  @Test
  void integersExtendAndCutOff() {
    int[] operands = new Random(3).ints(4096).toArray();
    check("cvt.s32.s8 %r10, %r1;", operands, x -> (byte) x);
    check("cvt.u32.u8 %r10, %r1;", operands, x -> x & 0xff);
    check("cvt.u16.u32 %h1, %r1;\ncvt.s32.s16 %r10, %h1;", operands, x -> (short) x);
    check("cvt.sat.u8.s32 %r10, %r1;", operands, x -> x < 0 ? 0 : Math.min(x, 255));
    check("cvt.sat.s8.s32 %r10, %r1;", operands, x -> Math.max(Math.min(x, 127), -128));
    check(
        "cvt.s64.s32 %rd1, %r1;\nshr.s64 %rd2, %rd1, 20;\ncvt.u32.u64 %r10, %rd2;",
        operands, x -> (int) ((long) x >> 20));
  }
}

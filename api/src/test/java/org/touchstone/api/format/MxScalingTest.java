package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MxScalingTest {
  private static final long SEED = 0x5eed_0006L;
  private static final float[] BLOCK = {7.75f, .3f, -.3f, 1.25f, -2.5f, 5f, .2f, -6.9f};

  @ParameterizedTest
  @CsvSource({"OCP_FLOOR, 127, 1729 6cf0, 1", "CEIL_NO_SAT, 128, 0618 4ad0, 2"})
  void goldenFp4Block(MxScaleRule rule, int scaleCode, String packed, float scale) {
    MxScaling scaling = new MxScaling(DType.E2M1, rule);
    byte code = scaling.scaleFor(7.75f);
    assertThat(Byte.toUnsignedInt(code)).isEqualTo(scaleCode);
    assertThat(E8m0.toFloat(code)).isEqualTo(scale);
    byte[] codes = new byte[MxScaling.BLOCK];
    for (int i = 0; i < BLOCK.length; i++) {
      codes[i] = scaling.quantize(BLOCK[i], code);
    }
    byte[] bytes = new byte[MxScaling.BLOCK / 2];
    Nibbles.pack(
        MemorySegment.ofArray(codes),
        MemorySegment.ofArray(bytes),
        MxScaling.BLOCK,
        NibbleOrder.LOW_EVEN);
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(packed.replace(" ", "") + "00".repeat(12));
  }

  @ParameterizedTest
  @CsvSource({
    // rule, type, amax, scale code
    "OCP_FLOOR,   E2M1,   0,           0",
    "OCP_FLOOR,   E4M3FN, 0,           0",
    "OCP_FLOOR,   E2M1,   4,           127",
    "OCP_FLOOR,   E2M1,   7.9999995,   127",
    "OCP_FLOOR,   E2M1,   8,           128",
    "OCP_FLOOR,   E2M1,   3.9999998,   126",
    "OCP_FLOOR,   E4M3FN, 448,         127",
    "OCP_FLOOR,   E4M3FN, 512,         128",
    "OCP_FLOOR,   E4M3FN, 255.99998,   126",
    "OCP_FLOOR,   E5M2,   57344,       127",
    "OCP_FLOOR,   E5M2,   65536,       128",
    "OCP_FLOOR,   E2M1,   0x1p-125,    0",
    "OCP_FLOOR,   E2M1,   0x1p-124,    1",
    "OCP_FLOOR,   E2M1,   0x1p-149,    0",
    "OCP_FLOOR,   E2M1,   0x1.8p127,   252",
    "CEIL_NO_SAT, E2M1,   0,           1",
    "CEIL_NO_SAT, E2M1,   0x1p-149,    1",
    "CEIL_NO_SAT, E2M1,   0x1.8p-124,  1",
    "CEIL_NO_SAT, E2M1,   0x1.800002p-124, 2",
    "CEIL_NO_SAT, E2M1,   6,           127",
    "CEIL_NO_SAT, E2M1,   6.0000005,   128",
    "CEIL_NO_SAT, E2M1,   5.9999995,   127",
    "CEIL_NO_SAT, E2M1,   3,           126",
    "CEIL_NO_SAT, E4M3FN, 0,           1",
    "CEIL_NO_SAT, E4M3FN, 448,         127",
    "CEIL_NO_SAT, E4M3FN, 448.00003,   128",
    "CEIL_NO_SAT, E5M2,   57344,       127",
    "CEIL_NO_SAT, E5M2,   57344.004,   128",
    "CEIL_NO_SAT, E2M1,   3.4028235e38, 253",
    "CEIL_NO_SAT, E2M1,   Infinity,    255",
    "CEIL_NO_SAT, E4M3FN, NaN,         255",
    "OCP_FLOOR,   E5M2,   Infinity,    255",
    "OCP_FLOOR,   E2M1,   NaN,         255",
  })
  void scaleOfBlock(MxScaleRule rule, DType type, String amax, int code) {
    assertThat(Byte.toUnsignedInt(new MxScaling(type, rule).scaleFor(Float.parseFloat(amax))))
        .isEqualTo(code);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"E4M3FN", "E5M2", "E2M1"})
  void randomBlocksFollowTheDefinition(DType type) {
    SplittableRandom random = new SplittableRandom(SEED);
    ExactFormat exact = ExactFormat.of(type);
    double maxFinite = type.format().maxFinite();
    MxScaling floor = new MxScaling(type, MxScaleRule.OCP_FLOOR);
    MxScaling ceil = new MxScaling(type, MxScaleRule.CEIL_NO_SAT);
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < 5_000; i++) {
      float amax = Float.intBitsToFloat(random.nextInt(0x7F80_0000));
      float value = (float) (amax * random.nextDouble(-1, 1));
      int log2 = -149;
      while (Math.scalb(1.0, log2 + 1) <= amax) {
        log2++;
      }
      int emax = type == DType.E2M1 ? 2 : type == DType.E4M3FN ? 8 : 15;
      int floorExponent = Math.clamp(log2 - emax, -127, 127);
      int ceilExponent = -126;
      while (maxFinite * Math.scalb(1.0, ceilExponent) < amax) {
        ceilExponent++;
      }
      check(floor, amax, value, floorExponent, exact, mismatches);
      check(ceil, amax, value, ceilExponent, exact, mismatches);
    }
    mismatches.assertNoneOf(4 * 5_000);
  }

  private static void check(
      MxScaling scaling,
      float amax,
      float value,
      int exponent,
      ExactFormat exact,
      Mismatches mismatches) {
    byte scale = (byte) (exponent + 127);
    mismatches.check(
        scaling.scaleFor(amax), scale, () -> "%s amax %s (seed %x)".formatted(scaling, amax, SEED));
    int expected = exact.encode(value / Math.scalb(1.0, exponent), Saturation.SAT);
    mismatches.check(
        scaling.quantize(value, scale),
        (byte) expected,
        () -> "%s value %s scale 2^%d (seed %x)".formatted(scaling, value, exponent, SEED));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"E4M3FN", "E5M2", "E2M1"})
  void aNanScaleCarriesTheNan(DType type) {
    MxScaling scaling = new MxScaling(type, MxScaleRule.OCP_FLOOR);
    for (float value : new float[] {1f, -1f, Float.NaN, Float.NEGATIVE_INFINITY}) {
      assertThat(scaling.quantize(value, E8m0.NAN)).isZero();
    }
    assertThat(scaling.dequantize((byte) 0, E8m0.NAN)).isNaN();
    assertThat(scaling.dequantize((byte) type.format().oneCode(), E8m0.NAN)).isNaN();
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"E4M3FN", "E5M2", "E2M1"})
  void dequantizesExactly(DType type) {
    MxScaling scaling = new MxScaling(type, MxScaleRule.OCP_FLOOR);
    ExactFormat exact = ExactFormat.of(type);
    Mismatches mismatches = new Mismatches();
    for (int scale : new int[] {0, 1, 100, 127, 230}) {
      for (int code = 0; code < exact.codes(); code++) {
        int shown = code;
        mismatches.check(
            scaling.dequantize((byte) code, (byte) scale),
            exact.decode(code) * Math.scalb(1.0, scale - 127),
            () -> "%s code %d scale %d".formatted(type, shown, scale));
      }
    }
    mismatches.assertNoneOf(5L * exact.codes());
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"E4M3FNUZ", "E8M0", "BF16", "I8"})
  void refusesOtherElementTypes(DType type) {
    assertThatThrownBy(() -> new MxScaling(type, MxScaleRule.OCP_FLOOR))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(type.name());
  }

  @Test
  void blocksHave32Elements() {
    assertThat(MxScaling.BLOCK).isEqualTo(32);
    assertThat(ScaleLayout.blocks(33, MxScaling.BLOCK)).isEqualTo(2);
  }
}

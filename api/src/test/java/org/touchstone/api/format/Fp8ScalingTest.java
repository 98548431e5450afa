package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Fp8ScalingTest {
  private static final long SEED = 0x5eed_0005L;
  private static final Fp8Scaling FP32 = Fp8Scaling.ofE4m3Fn(DType.F32, ScaleMode.FP32);
  private static final Fp8Scaling POWER = Fp8Scaling.ofE4m3Fn(DType.F32, ScaleMode.UE8M0_CEIL);
  private static final Fp8Scaling E8M0 = Fp8Scaling.ofE4m3Fn(DType.E8M0, ScaleMode.UE8M0_CEIL);
  private static final float[] GROUP = {0.1f, -0.25f, 3.0f, 1e-5f, 0f, -1.7f};

  @Test
  void goldenGroupWithFp32Scale() {
    float scale = FP32.scaleFor(3f);
    assertThat(Float.floatToRawIntBits(scale)).isEqualTo(0x3BDB_6DB7);
    assertThat(codes(FP32, GROUP, scale)).isEqualTo("57e17e0100f8");
  }

  @Test
  void goldenGroupWithPowerOfTwoScale() {
    for (Fp8Scaling scaling : new Fp8Scaling[] {POWER, E8M0}) {
      float scale = scaling.scaleFor(3f);
      assertThat(scale).isEqualTo(0x1p-7f);
      assertThat(codes(scaling, GROUP, scale)).isEqualTo("55e07c0100f6");
    }
  }

  @ParameterizedTest
  @CsvSource({
    // amax, bits of the FP32 scale, exponent of the power of two
    "0,              0x346facad, -22",
    "1e-38,          0x346facad, -22",
    "1e-4,           0x346facad, -22",
    "448,            0x3f800000, 0",
    "448.00003,      0x3f800001, 1",
    "447.99997,      0x3f7fffff, 0",
    "3e38,           0x7b00f7f1, 120",
  })
  void scaleOfGroup(float amax, String bits, int exponent) {
    assertThat(Float.floatToRawIntBits(FP32.scaleFor(amax))).isEqualTo(Integer.decode(bits));
    assertThat(POWER.scaleFor(amax)).isEqualTo(Math.scalb(1f, exponent));
    assertThat(E8M0.scaleFor(amax)).isEqualTo(Math.scalb(1f, exponent));
  }

  @Test
  void groupOfZerosHasZeroCodesAndKeepsTheirSign() {
    float[] zeros = {0f, -0f};
    assertThat(codes(FP32, zeros, FP32.scaleFor(0f))).isEqualTo("0080");
    assertThat(codes(E8M0, zeros, E8M0.scaleFor(0f))).isEqualTo("0080");
  }

  @Test
  void nanInTheGroupMakesFp32ScaleAndEveryCodeNan() {
    for (Fp8Scaling scaling : new Fp8Scaling[] {FP32, POWER}) {
      float scale = scaling.scaleFor(Float.NaN);
      assertThat(scale).isNaN();
      assertThat(codes(scaling, new float[] {1f, -2f, Float.NaN, 0f}, scale)).isEqualTo("7f7f7f7f");
    }
  }

  @Test
  void infinityInTheGroupMakesFp32ScaleInfinite() {
    for (Fp8Scaling scaling : new Fp8Scaling[] {FP32, POWER}) {
      float scale = scaling.scaleFor(Float.POSITIVE_INFINITY);
      assertThat(scale).isPositive().isInfinite();
      float[] group = {1f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0f, -3f};
      assertThat(codes(scaling, group, scale)).isEqualTo("007f7f0080");
    }
  }

  @Test
  void nanAndInfinityLiveInTheE8m0Scale() {
    for (float amax : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      float scale = E8M0.scaleFor(amax);
      assertThat(scale).isNaN();
      assertThat(E8m0.ofPowerOfTwo(scale)).isEqualTo(E8m0.NAN);
      assertThat(codes(E8M0, new float[] {1f, -2f, amax, 0f}, scale)).isEqualTo("00000000");
      assertThat(E8M0.dequantize((byte) 0, scale)).isNaN();
    }
  }

  @Test
  void fnuzMapsTo240() {
    Fp8Scaling fnuz = new Fp8Scaling(DType.E4M3FNUZ, DType.F32, ScaleMode.FP32, 240f, 1e-4f);
    float scale = fnuz.scaleFor(480f);
    assertThat(scale).isEqualTo(2f);
    assertThat(codes(fnuz, new float[] {480f, -480f, 2f, -0f}, scale)).isEqualTo("7fff4000");
    assertThat(fnuz.dequantize((byte) 0xFF, scale)).isEqualTo(-480f);
  }

  @Test
  void maxValueBelowTheLargestClamps() {
    Fp8Scaling clamped = new Fp8Scaling(DType.E4M3FNUZ, DType.F32, ScaleMode.FP32, 224f, 1e-4f);
    assertThat(clamped.quantize(1000f, 1f))
        .isEqualTo(Fp8.encode(224f, DType.E4M3FNUZ, Saturation.SAT));
    assertThat(clamped.quantize(-1000f, 1f))
        .isEqualTo(Fp8.encode(-224f, DType.E4M3FNUZ, Saturation.SAT));
  }

  @Test
  void randomGroupsFollowTheFormulaInHigherPrecision() {
    SplittableRandom random = new SplittableRandom(SEED);
    ExactFormat exact = ExactFormat.of(DType.E4M3FN);
    double[] midpoints = exact.midpoints();
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < 20_000; i++) {
      float amax = (float) Math.scalb(random.nextDouble(1, 2), random.nextInt(-20, 100));
      // A double quotient of two floats rounds to the same float as the exact one.
      float scale = (float) (Math.max(1e-4f, amax) / 448.0);
      // Half of the elements lie as close to a tie as they can, where every shortcut would show.
      double quotient =
          i % 2 == 0 ? random.nextDouble(-448, 448) : midpoints[random.nextInt(midpoints.length)];
      float value = (float) (quotient * scale);
      float scaled = (float) ((double) value / scale);
      double power = 0x1p-126;
      while (power < scale) {
        power *= 2;
      }
      double powerOfTwo = power;
      mismatches.check(FP32.scaleFor(amax), scale, () -> seeded("scale", amax));
      mismatches.check(
          FP32.quantize(value, scale),
          (byte) exact.encode(scaled, Saturation.SAT),
          () -> seeded("code", value));
      mismatches.check(E8M0.scaleFor(amax), powerOfTwo, () -> seeded("power", amax));
      mismatches.check(
          E8M0.quantize(value, (float) powerOfTwo),
          (byte) exact.encode(value / powerOfTwo, Saturation.SAT),
          () -> seeded("power code", value));
    }
    mismatches.assertNoneOf(80_000);
  }

  @Test
  void refusesPartsThatDoNotFit() {
    assertThatThrownBy(() -> Fp8Scaling.ofE4m3Fn(DType.E8M0, ScaleMode.FP32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("UE8M0_CEIL");
    assertThatThrownBy(() -> Fp8Scaling.ofE4m3Fn(DType.BF16, ScaleMode.FP32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("BF16");
    for (DType type : new DType[] {DType.I8, DType.E8M0, DType.BF16}) {
      assertThatThrownBy(() -> new Fp8Scaling(type, DType.F32, ScaleMode.FP32, 1f, 1f))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(type.name());
    }
    for (float max : new float[] {0f, -1f, 449f, Float.NaN}) {
      assertThatThrownBy(() -> new Fp8Scaling(DType.E4M3FN, DType.F32, ScaleMode.FP32, max, 1f))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("max value");
    }
    for (float floor : new float[] {0f, -1f, Float.MIN_VALUE, Float.POSITIVE_INFINITY, Float.NaN}) {
      assertThatThrownBy(() -> new Fp8Scaling(DType.E4M3FN, DType.F32, ScaleMode.FP32, 448f, floor))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("amax floor");
    }
  }

  private static String seeded(String what, float input) {
    return "%s of %s (seed %x)".formatted(what, input, SEED);
  }

  private static String codes(Fp8Scaling scaling, float[] group, float scale) {
    byte[] codes = new byte[group.length];
    for (int i = 0; i < group.length; i++) {
      codes[i] = scaling.quantize(group[i], scale);
    }
    return HexFormat.of().formatHex(codes);
  }
}

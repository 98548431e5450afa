package org.touchstone.api.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Nvfp4ScalingTest {
  private static final long SEED = 0x5eed_0007L;

  @Test
  void goldenBlock() {
    Nvfp4Scaling scaling = Nvfp4Scaling.ofTensorAmax(12f);
    assertThat(scaling.globalScale()).isEqualTo(224f);
    byte scale = scaling.scaleFor(7.75f);
    assertThat(scale).isEqualTo((byte) 0x79);
    assertThat(Fp8.toFloat(scale, DType.E4M3FN)).isEqualTo(288f);
    assertThat(scaling.effectiveScale(scale)).isCloseTo(1.285714f, within(1e-6f));
    float[] block = {7.75f, .3f, -.3f, 1.25f, -2.5f, 5f, .2f, -6.9f};
    byte[] codes = new byte[block.length];
    for (int i = 0; i < block.length; i++) {
      codes[i] = scaling.quantize(block[i], scale);
    }
    assertThat(HexFormat.of().formatHex(codes)).isEqualTo("070008020c06000f");
    assertThat(scaling.dequantize((byte) 0xF, scale)).isEqualTo(-6f * 288f / 224f);
  }

  @ParameterizedTest
  @ValueSource(floats = {0f, -0f, Float.POSITIVE_INFINITY, Float.NaN})
  void globalScaleIsOneWhereTheTensorGivesNone(float amax) {
    assertThat(Nvfp4Scaling.ofTensorAmax(amax).globalScale()).isEqualTo(1f);
  }

  @Test
  void globalScaleIsCappedAtTheLargestFloat() {
    assertThat(Nvfp4Scaling.ofTensorAmax(Float.MIN_VALUE).globalScale()).isEqualTo(Float.MAX_VALUE);
    assertThat(Nvfp4Scaling.ofTensorAmax(2688f).globalScale()).isEqualTo(1f);
  }

  @Test
  void blockOfZerosHasScaleZeroAndCodesZero() {
    Nvfp4Scaling scaling = Nvfp4Scaling.ofTensorAmax(12f);
    assertThat(scaling.scaleFor(0f)).isZero();
    assertThat(scaling.effectiveScale((byte) 0)).isZero();
    for (float value : new float[] {0f, -0f, -1e-30f, 1e-30f}) {
      assertThat(scaling.quantize(value, (byte) 0)).isZero();
    }
    assertThat(scaling.dequantize((byte) 0, (byte) 0)).isZero();
  }

  @Test
  void nanInABlockIsCarriedByItsScale() {
    Nvfp4Scaling scaling = Nvfp4Scaling.ofTensorAmax(Float.NaN);
    byte scale = scaling.scaleFor(Float.NaN);
    assertThat(scale).isEqualTo((byte) 0x7F);
    assertThat(scaling.quantize(3f, scale)).isZero();
    assertThat(scaling.quantize(-3f, scale)).isZero();
    assertThat(scaling.dequantize((byte) 0, scale)).isNaN();
  }

  @Test
  void blockScaleSaturates() {
    Nvfp4Scaling scaling = new Nvfp4Scaling(1f);
    assertThat(scaling.scaleFor(2688f)).isEqualTo((byte) 0x7E);
    assertThat(scaling.scaleFor(1e9f)).isEqualTo((byte) 0x7E);
    assertThat(scaling.scaleFor(Float.POSITIVE_INFINITY)).isEqualTo((byte) 0x7E);
    assertThat(scaling.quantize(Float.NEGATIVE_INFINITY, (byte) 0x7E)).isEqualTo((byte) 0xF);
  }

  @Test
  void randomBlocksFollowTheFormulaStepByStep() {
    SplittableRandom random = new SplittableRandom(SEED);
    ExactFormat e4m3Fn = ExactFormat.of(DType.E4M3FN);
    ExactFormat e2m1 = ExactFormat.of(DType.E2M1);
    double[] midpoints = e4m3Fn.midpoints();
    Mismatches mismatches = new Mismatches();
    for (int i = 0; i < 10_000; i++) {
      float amaxTensor = (float) Math.scalb(random.nextDouble(1, 2), random.nextInt(-30, 30));
      // Each FP32 step in double and rounded: one operation on two floats cannot round twice this
      // way.
      float global = (float) (2688.0 / amaxTensor);
      // Half of the block scales lie as close to a tie as they can, where another order would show.
      double scaled =
          i % 2 == 0 ? random.nextDouble(448) : midpoints[random.nextInt(midpoints.length)];
      float amaxBlock = (float) (scaled * 6 / global);
      float value = (float) (amaxBlock * random.nextDouble(-1, 1));
      float product = (float) ((double) global * amaxBlock);
      int scale = e4m3Fn.encode((float) (product / 6.0), Saturation.SAT);
      float effective = (float) (e4m3Fn.decode(scale) / global);
      float reciprocal = (float) (1.0 / effective);
      int code =
          effective == 0 ? 0 : e2m1.encode((float) ((double) value * reciprocal), Saturation.SAT);
      Nvfp4Scaling scaling = Nvfp4Scaling.ofTensorAmax(amaxTensor);
      mismatches.check(
          scaling.globalScale(), global, () -> "G of %s (seed %x)".formatted(amaxTensor, SEED));
      mismatches.check(
          scaling.scaleFor(amaxBlock),
          (byte) scale,
          () -> "scale of %s (seed %x)".formatted(amaxBlock, SEED));
      mismatches.check(
          scaling.quantize(value, (byte) scale),
          (byte) code,
          () -> "code of %s (seed %x)".formatted(value, SEED));
      mismatches.check(
          scaling.dequantize((byte) code, (byte) scale),
          (float) (e2m1.decode(code) * e4m3Fn.decode(scale) / global),
          () -> "value of %s (seed %x)".formatted(value, SEED));
    }
    mismatches.assertNoneOf(40_000);
  }

  @Test
  void elementsAreMultipliedByTheReciprocal() {
    Nvfp4Scaling scaling = new Nvfp4Scaling(1f);
    byte scale = 0x27;
    float effective = scaling.effectiveScale(scale);
    assertThat(effective).isEqualTo(0.234375f);
    // Exact quotients are ties, which go down to codes 2, 4 and 6; the rounded reciprocal is a
    // little large.
    assertThat(scaling.quantize(1.25f * effective, scale)).isEqualTo((byte) 3);
    assertThat(scaling.quantize(2.5f * effective, scale)).isEqualTo((byte) 5);
    assertThat(scaling.quantize(-5f * effective, scale)).isEqualTo((byte) 0xF);
  }

  @ParameterizedTest
  @ValueSource(floats = {0f, -1f, Float.POSITIVE_INFINITY, Float.NaN})
  void refusesAGlobalScaleThatIsNoScale(float globalScale) {
    assertThatThrownBy(() -> new Nvfp4Scaling(globalScale))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("global scale");
  }
}

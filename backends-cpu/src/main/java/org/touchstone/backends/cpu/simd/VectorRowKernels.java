package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.Activation;
import org.touchstone.backends.cpu.micro.RowKernels;

/** Functions of rows by the Vector API. */
abstract class VectorRowKernels implements RowKernels {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;

  @Override
  public final void load(
      MemorySegment from, long byteOffset, DType dtype, float[] to, int at, int count) {
    FloatRows.load(from, byteOffset, dtype, to, at, count);
  }

  @Override
  public final void store(
      float[] from, int at, MemorySegment to, long byteOffset, DType dtype, int count) {
    FloatRows.store(from, at, to, byteOffset, dtype, count);
  }

  @Override
  public final void exp(float[] x, int count, float shift) {
    VectorMath.exp(x, 0, count, shift);
  }

  @Override
  public final float squareSum(float[] x, int count) {
    return RmsNormStrips.sumOfSquares(x, count);
  }

  @Override
  public final Chain squareSumChain() {
    return RmsNormStrips.CHAIN;
  }

  @Override
  public final Ulps ulps() {
    return VectorMath.ULPS;
  }

  @Override
  public final void normalise(float[] x, int count, float r, float[] weights, Weighting weighting) {
    switch (weighting) {
      case NONE -> RmsNormStrips.scale(x, r, count);
      case WEIGHT -> RmsNormStrips.multiply(x, r, weights, count);
      case ONE_PLUS -> RmsNormStrips.multiplyOnePlus(x, r, weights, count);
      case CAST_THEN_WEIGHT -> RmsNormStrips.castThenMultiply(x, r, weights, count);
    }
  }

  @Override
  public final void gate(float[] x, float[] z, int count, Rounding before) {
    RmsNormStrips.gate(x, z, count, before);
  }

  @Override
  public final void add(float[] x, float[] y, int count, Rounding after) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector sum = FloatVector.fromArray(F, x, i).add(FloatVector.fromArray(F, y, i));
      (after == Rounding.BF16 ? VectorMath.roundToBf16(sum) : sum).intoArray(x, i);
    }
  }

  @Override
  public final void addScaled(float[] sum, float[] row, float weight, int count) {
    MoeCombineKernel.addScaled(sum, row, weight, count);
  }

  @Override
  public final void round(float[] x, int count) {
    for (int i = 0; i < count; i += F.length()) {
      VectorMath.roundToBf16(FloatVector.fromArray(F, x, i)).intoArray(x, i);
    }
  }

  @Override
  public final void gatedAct(Activation activation, float[] gates, float[] ups, int count) {
    GatedActStrips.apply(activation, gates, ups, count);
  }

  @Override
  public final void rotate(
      HeadRows x, HeadRows y, float[] cos, float[] sin, int pairs, long distance) {
    if (distance == 1) {
      RopeRows.neighbours(x, y, cos, sin, pairs);
    } else {
      RopeRows.halves(x, y, cos, sin, pairs, distance);
    }
  }

  @Override
  public final void softmax(float[] x, int count) {
    RouteRows.softmax(x, count);
  }

  @Override
  public final void sigmoid(float[] x, int count) {
    VectorMath.sigmoid(x, 0, count);
  }

  @Override
  public final void top(float[] x, int count, int[] top, int k) {
    RouteRows.top(x, count, top, k);
  }

  @Override
  public final float amax(float[] x, int count) {
    float amax = 0;
    for (int i = 0; i < count; i++) {
      amax = Math.max(amax, Math.abs(x[i]));
    }
    return amax;
  }

  @Override
  public final void quantise(
      float[] x, int count, float scale, float maxValue, MemorySegment to, long byteOffset) {
    for (int i = 0; i < count; i++) {
      float scaled = Math.clamp(x[i] / scale, -maxValue, maxValue);
      to.set(
          ValueLayout.JAVA_BYTE, byteOffset + i, Fp8.encode(scaled, DType.E4M3FN, Saturation.SAT));
    }
  }

  @Override
  public final boolean quantiseGroups(
      MemorySegment from,
      long byteOffset,
      DType dtype,
      long count,
      int group,
      float floor,
      float maxValue,
      MemorySegment codes,
      long codeOffset,
      MemorySegment scales,
      long scaleOffset) {
    return false;
  }
}

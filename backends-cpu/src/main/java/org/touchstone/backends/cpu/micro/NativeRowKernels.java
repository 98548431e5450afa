package org.touchstone.backends.cpu.micro;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.Chain;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;

/** Functions of rows by the native library. */
abstract class NativeRowKernels implements RowKernels {
  /** The exponential's error is measured over all of its arguments; the others are FP64. */
  static final Ulps ULPS = new Ulps(1.05, 0.5, 0.5, 0.5, 0.5);

  /** Thirty-two partial sums, added in pairs. */
  private static final Chain SQUARES = Chain.blocked(32, ROW, 5);

  private final int set;

  NativeRowKernels(int set) {
    this.set = set;
  }

  @Override
  public final void load(
      MemorySegment from, long byteOffset, DType dtype, float[] to, int at, int count) {
    NativeRows.rowLoad(set, from.address() + byteOffset, NativeKernels.code(dtype), to, at, count);
  }

  @Override
  public final void store(
      float[] from, int at, MemorySegment to, long byteOffset, DType dtype, int count) {
    NativeRows.rowStore(set, from, at, NativeKernels.code(dtype), to.address() + byteOffset, count);
  }

  @Override
  public final void exp(float[] x, int count, float shift) {
    NativeRows.rowExp(set, x, count, shift);
  }

  @Override
  public final float squareSum(float[] x, int count) {
    return NativeRows.rowSquareSum(set, x, count);
  }

  @Override
  public final Chain squareSumChain() {
    return SQUARES;
  }

  @Override
  public final Ulps ulps() {
    return ULPS;
  }

  @Override
  public final void normalise(float[] x, int count, float r, float[] weights, Weighting weighting) {
    int kind =
        switch (weighting) {
          case NONE -> 0;
          case WEIGHT -> 1;
          case ONE_PLUS -> 2;
          case CAST_THEN_WEIGHT -> 3;
        };
    NativeRows.rowNormalise(set, x, count, r, weights, kind);
  }

  @Override
  public final void gate(float[] x, float[] z, int count, Rounding before) {
    NativeRows.rowGate(set, x, z, count, code(before));
  }

  @Override
  public final void add(float[] x, float[] y, int count, Rounding after) {
    NativeRows.rowAdd(set, x, y, count, code(after));
  }

  private static int code(Rounding rounding) {
    return rounding == Rounding.BF16 ? 1 : 0;
  }

  @Override
  public final void addScaled(float[] sum, float[] row, float weight, int count) {
    NativeRows.rowAddScaled(set, sum, row, weight, count);
  }

  @Override
  public final void round(float[] x, int count) {
    NativeRows.rowRound(set, x, count);
  }

  @Override
  public final void gatedAct(Activation activation, float[] gates, float[] ups, int count) {
    int kind =
        switch (activation.kind()) {
          case SWIGLU -> 0;
          case SWIGLU_OAI -> 1;
          case GEGLU_TANH -> 2;
        };
    float limit = activation.clamped() ? activation.limit() : 0;
    NativeRows.rowGatedAct(set, gates, ups, count, kind, limit);
  }

  @Override
  public final void rotate(
      HeadRows x, HeadRows y, float[] cos, float[] sin, int pairs, long distance) {
    NativeRows.rowRotate(
        set,
        x.memory().address() + x.byteOffset(),
        x.headPitch(),
        y.memory().address() + y.byteOffset(),
        y.headPitch(),
        NativeKernels.code(x.dtype()),
        x.heads(),
        pairs,
        distance,
        cos,
        sin);
  }

  @Override
  public final void softmax(float[] x, int count) {
    NativeRows.rowSoftmax(set, x, count);
  }

  @Override
  public final void sigmoid(float[] x, int count) {
    NativeRows.rowSigmoid(set, x, count);
  }

  @Override
  public final void top(float[] x, int count, int[] top, int k) {
    NativeRows.rowTop(set, x, count, k, top);
  }

  @Override
  public final float amax(float[] x, int count) {
    return NativeRows.rowAmax(set, x, count);
  }

  @Override
  public final void quantise(
      float[] x, int count, float scale, float maxValue, MemorySegment to, long byteOffset) {
    NativeRows.rowQuantise(set, x, count, scale, maxValue, to.address() + byteOffset);
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
    NativeCalls.quantiseGroups(
        set,
        from.address() + byteOffset,
        NativeKernels.code(dtype),
        count,
        group,
        floor,
        maxValue,
        codes.address() + codeOffset,
        scales.address() + scaleOffset);
    return true;
  }
}

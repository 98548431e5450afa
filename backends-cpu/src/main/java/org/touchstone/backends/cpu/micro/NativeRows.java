package org.touchstone.backends.cpu.micro;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Const;
import org.bytedeco.javacpp.annotation.CriticalRegion;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of rows in {@code touchstone_cpu.h}. Arrays are used in place while the function
 * runs, which is short: a few thousand elements at most.
 */
@Platform(include = "touchstone_cpu.h", library = "touchstone_cpu")
final class NativeRows {
  private NativeRows() {}

  /** Reads elements as FP32, to element {@code at} of an array on. */
  @NoException
  @CriticalRegion
  @Name("ts_row_load")
  static native void rowLoad(
      int isa, @Cast("int64_t") long from, int type, float[] to, int at, int n);

  /** Writes elements from element {@code at} on as F32 or BF16, rounded to nearest even. */
  @NoException
  @CriticalRegion
  @Name("ts_row_store")
  static native void rowStore(
      int isa, @Const float[] x, int at, int type, @Cast("int64_t") long to, int n);

  /** Replaces x by e^(x - shift). */
  @NoException
  @CriticalRegion
  @Name("ts_row_exp")
  static native void rowExp(int isa, float[] x, int n, float shift);

  /** Returns the sum of squares, added up in 32 partial sums. */
  @NoException
  @CriticalRegion
  @Name("ts_row_square_sum")
  static native float rowSquareSum(int isa, @Const float[] x, int n);

  /** Multiplies by r and by weights of a kind. */
  @NoException
  @CriticalRegion
  @Name("ts_row_normalise")
  static native void rowNormalise(int isa, float[] x, int n, float r, @Const float[] w, int kind);

  /** Multiplies by silu(z), after rounding to BF16 or not. */
  @NoException
  @CriticalRegion
  @Name("ts_row_gate")
  static native void rowGate(int isa, float[] x, @Const float[] z, int n, int round);

  /** Adds, and rounds to BF16 or not. */
  @NoException
  @CriticalRegion
  @Name("ts_row_add")
  static native void rowAdd(int isa, float[] x, @Const float[] y, int n, int round);

  /** Adds a multiple of a row. */
  @NoException
  @CriticalRegion
  @Name("ts_row_add_scaled")
  static native void rowAddScaled(int isa, float[] sum, @Const float[] row, float weight, int n);

  /** Rounds to BF16. */
  @NoException
  @CriticalRegion
  @Name("ts_row_round")
  static native void rowRound(int isa, float[] x, int n);

  /** Replaces gates by the activation of gates and ups; a limit of 0 is none. */
  @NoException
  @CriticalRegion
  @Name("ts_row_gated_act")
  static native void rowGatedAct(
      int isa, float[] g, @Const float[] u, int n, int kind, float limit);

  /** Returns the largest magnitude; NaN when there is one. */
  @NoException
  @CriticalRegion
  @Name("ts_row_amax")
  static native float rowAmax(int isa, @Const float[] x, int n);

  /** Rotates pairs of every head; a distance of 1 is that of neighbours. */
  @NoException
  @CriticalRegion
  @Name("ts_row_rotate")
  static native void rowRotate(
      int isa,
      @Cast("int64_t") long x,
      @Cast("int64_t") long xPitch,
      @Cast("int64_t") long y,
      @Cast("int64_t") long yPitch,
      int type,
      int heads,
      int pairs,
      @Cast("int64_t") long distance,
      @Const float[] cos,
      @Const float[] sin);

  /** Replaces a row by its softmax. */
  @NoException
  @CriticalRegion
  @Name("ts_row_softmax")
  static native void rowSoftmax(int isa, float[] x, int n);

  /** Replaces x by its logistic function. */
  @NoException
  @CriticalRegion
  @Name("ts_row_sigmoid")
  static native void rowSigmoid(int isa, float[] x, int n);

  /** Finds the k largest. */
  @NoException
  @CriticalRegion
  @Name("ts_row_top")
  static native void rowTop(int isa, @Const float[] x, int n, int k, int[] top);

  /** Writes the E4M3 codes of x / scale, clamped to a magnitude. */
  @NoException
  @CriticalRegion
  @Name("ts_row_quantise")
  static native void rowQuantise(
      int isa, @Const float[] x, int n, float scale, float most, @Cast("int64_t") long to);
}

package org.touchstone.backends.cpu.micro;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.Chain;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;

/**
 * Functions of rows of FP32 in arrays. All of them are defined bit by bit by IEEE 754 operations,
 * but for sums, whose order {@link #squareSumChain} declares. An implementation may compute up to
 * the next whole vector and overwrite what lies there.
 */
public interface RowKernels {
  /** Elements that one call takes at most, but for {@link #load} and {@link #store}. */
  int ROW = 2048;

  /** How a normalised row is weighted. */
  enum Weighting {
    /** Not at all. */
    NONE,
    /** By w. */
    WEIGHT,
    /** By 1 + w. */
    ONE_PLUS,
    /** By w, after rounding to BF16. */
    CAST_THEN_WEIGHT
  }

  /** Whether a result is rounded to BF16. */
  enum Rounding {
    /** It keeps its FP32 bits. */
    NONE,
    /** To nearest even. */
    BF16
  }

  /** Reads elements of F32, BF16, F16 or E4M3FN that start at a byte offset. */
  void load(MemorySegment from, long byteOffset, DType dtype, float[] to, int at, int count);

  /** Writes elements as F32 or BF16, rounded to nearest even. */
  void store(float[] from, int at, MemorySegment to, long byteOffset, DType dtype, int count);

  /** Replaces {@code x} by {@code e^(x - shift)}. */
  void exp(float[] x, int count, float shift);

  /** Returns the sum of squares; the array holds zeros up to a multiple of 64 elements. */
  float squareSum(float[] x, int count);

  /** Returns what {@link #squareSum} of rows declares when their strips are added in sequence. */
  Chain squareSumChain();

  /** Returns the errors of the elementary functions. */
  Ulps ulps();

  /** Multiplies by {@code r}, then by weights. */
  void normalise(float[] x, int count, float r, float[] weights, Weighting weighting);

  /** Multiplies by {@code silu(z)}, after rounding; {@code z} may be overwritten. */
  void gate(float[] x, float[] z, int count, Rounding before);

  /** Adds {@code y} and rounds. */
  void add(float[] x, float[] y, int count, Rounding after);

  /** Adds {@code weight row} with fused multiply-add where the processor has it. */
  void addScaled(float[] sum, float[] row, float weight, int count);

  /** Rounds to BF16. */
  void round(float[] x, int count);

  /** Replaces gates by the activation of gates and ups; ups may be overwritten. */
  void gatedAct(Activation activation, float[] gates, float[] ups, int count);

  /**
   * A row of each head of a token, all of one type.
   *
   * @param byteOffset of the first head's row
   * @param dtype F32 or BF16
   * @param headPitch bytes from head to head
   */
  record HeadRows(MemorySegment memory, long byteOffset, DType dtype, int heads, long headPitch) {}

  /**
   * Rotates pairs {@code (a, b)} of every head: {@code a' = fma(a, cos, -(b sin))}, {@code b' =
   * fma(b, cos, a sin)}, fused where the processor has it. Pair i is the elements i and {@code i +
   * distance}, or neighbours 2i and 2i + 1 for a distance of 1.
   *
   * @param y rows of the same type; may be those of x
   * @param pairs 1 to {@link #ROW}
   */
  void rotate(HeadRows x, HeadRows y, float[] cos, float[] sin, int pairs, long distance);

  /**
   * Replaces a row without NaN by {@code e^(x - max)} over their sum; a row of -Inf becomes zeros.
   */
  void softmax(float[] x, int count);

  /** Replaces {@code x} by {@code 1 / (1 + e^-x)}. */
  void sigmoid(float[] x, int count);

  /**
   * Finds the k largest elements in falling order, the lower index first on ties. NaN is never
   * taken; at least k others are there.
   */
  void top(float[] x, int count, int[] top, int k);

  /** Returns the largest magnitude; NaN when there is one. */
  float amax(float[] x, int count);

  /**
   * Writes the E4M3FN codes of {@code x / scale}, clamped to a magnitude and rounded to nearest
   * even.
   */
  void quantise(
      float[] x, int count, float scale, float maxValue, MemorySegment to, long byteOffset);

  /**
   * Quantises a row in groups of at most {@link #ROW} elements: codes as {@link #quantise} gives
   * them and one FP32 scale {@code max(amax, floor) / maxValue} per group.
   *
   * @return whether it did; an implementation without such a function does nothing
   */
  boolean quantiseGroups(
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
      long scaleOffset);
}

package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.touchstone.api.Accumulator;
import org.touchstone.api.Chain;
import org.touchstone.api.Evidence;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Promise;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.Subnormals;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;

/**
 * Blockwise softmax attention of up to {@link #ROWS} queries in FP32: the recurrence of
 * FlashAttention-2 (arXiv 2307.08691). Keys come in blocks that start at multiples of {@link #KEYS}
 * in their sequence, so the bits of a row depend on its own keys alone.
 *
 * <p>A row is rescaled only when its largest score grows by more than {@link #HEADROOM}: sums stay
 * far from overflow, and a weight that still matters passes through no more than one rescaling.
 *
 * <p>Scratch memory of one thread.
 */
final class AttentionTile {
  /** Queries of a tile. */
  static final int ROWS = 64;

  /** Keys of a block. */
  static final int KEYS = 64;

  /** How far, as a logarithm, weights may grow above 1 before a row is rescaled. */
  private static final float HEADROOM = 8;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private static final ThreadLocal<AttentionTile> SCRATCH =
      ThreadLocal.withInitial(AttentionTile::new);

  /** Queries, {@link #depth()} apart. */
  float[] q = new float[0];

  /** Keys of a block, {@link #depth()} apart. */
  float[] k = new float[0];

  /** Values of a block, {@link #valueStride()} apart. */
  float[] v = new float[0];

  private float[] ownValues = new float[0];
  private float[] acc = new float[0];
  private final float[] s = new float[ROWS * KEYS];
  private final float[] scratch = new float[AttentionMath.SCRATCH];
  private final float[] largest = new float[ROWS];
  private final float[] sum = new float[ROWS];
  private final int[] first = new int[ROWS];
  private final int[] end = new int[ROWS];
  private final int[] from = new int[ROWS];
  private final int[] to = new int[ROWS];
  private int rows;
  private int depth;
  private int valueDim;
  private int valueWidth;
  private int valueStride;

  /** Where the values of a block lie. */
  enum Values {
    /** In an array of their own. */
    SEPARATE,
    /** The first elements of a key are its value. */
    IN_KEYS
  }

  /** Fills a block of keys and values. */
  @FunctionalInterface
  interface Source {
    /**
     * Writes keys {@code first .. first + count - 1} of the sequence to the rows from {@code at} on
     * of {@link AttentionTile#k}, and their values.
     */
    void load(AttentionTile tile, int first, int count, int at);
  }

  private AttentionTile() {}

  /**
   * Declares what kernels on this tile do.
   *
   * @param longestDepth the longest dot product whose terms are added lane by lane
   */
  static KernelTraits traits(long longestDepth) {
    Chain blocked = Chain.blocked(1, KEYS, 0);
    long lanes = AttentionMath.scoreChain(longestDepth) - blocked.length(longestDepth);
    // One more for each: rescaling, merging a split, the sink, the last product of a split.
    long extra = Math.max(0, lanes) + 4;
    // A weight is a product of at most four exponentials, three of them rounded from FP64.
    double exp = VectorMath.EXP_ULPS + 1.5;
    return new KernelTraits(
        Accumulator.F32,
        Chain.blocked(1, KEYS, extra),
        RoundPoints.NONE,
        Subnormals.KEPT,
        Promise.HOLDS,
        Promise.HOLDS,
        new Ulps(Math.max(exp, VectorMath.TANH_ULPS), 0.5, 0.5, 0.5, 0.5),
        Evidence.HARDWARE);
  }

  /** Returns the calling thread's tile, without rows. */
  static AttentionTile of(long depth, long valueDim, Values values) {
    AttentionTile tile = SCRATCH.get();
    tile.reset(depth, Math.toIntExact(valueDim), values);
    return tile;
  }

  private void reset(long elements, int valueElements, Values values) {
    depth = AttentionMath.padded(elements);
    valueDim = valueElements;
    valueWidth = AttentionMath.padded(valueDim);
    q = atLeast(q, ROWS * depth);
    k = atLeast(k, KEYS * depth);
    acc = atLeast(acc, ROWS * valueWidth);
    if (values == Values.SEPARATE) {
      ownValues = atLeast(ownValues, KEYS * valueWidth);
      v = ownValues;
      valueStride = valueWidth;
    } else {
      v = k;
      valueStride = depth;
    }
    int used = Math.toIntExact(elements);
    if (used < depth) {
      for (int row = 1; row <= ROWS; row++) {
        Arrays.fill(q, row * depth - (depth - used), row * depth, 0);
        Arrays.fill(k, row * depth - (depth - used), row * depth, 0);
      }
    }
    rows = 0;
  }

  private static float[] atLeast(float[] array, int size) {
    return array.length >= size ? array : new float[size];
  }

  /** Returns the distance between queries, and between keys, in elements. */
  int depth() {
    return depth;
  }

  /** Returns the distance between values, in elements. */
  int valueStride() {
    return valueStride;
  }

  /** Returns the number of queries. */
  int rows() {
    return rows;
  }

  /** Forgets all queries. */
  void clear() {
    rows = 0;
  }

  /**
   * Adds a query that sees the keys {@code firstKey .. endKey - 1}; the caller writes it to {@link
   * #q}.
   *
   * @return its row
   */
  int add(long firstKey, long endKey) {
    first[rows] = Math.toIntExact(firstKey);
    end[rows] = Math.toIntExact(Math.max(firstKey, endKey));
    largest[rows] = Float.NEGATIVE_INFINITY;
    sum[rows] = 0;
    Arrays.fill(acc, rows * valueWidth, (rows + 1) * valueWidth, 0);
    return rows++;
  }

  /**
   * Attends over the visible keys in {@code firstKey .. endKey - 1}.
   *
   * @param firstKey a multiple of {@link #KEYS}
   */
  void attend(Source source, long firstKey, long endKey, float scale, float softcap) {
    int low = Integer.MAX_VALUE;
    int high = 0;
    for (int r = 0; r < rows; r++) {
      if (first[r] < end[r]) {
        low = Math.min(low, first[r]);
        high = Math.max(high, end[r]);
      }
    }
    low = (int) Math.max(low, firstKey);
    high = (int) Math.min(high, endKey);
    for (int block = low - low % KEYS; block < high; block += KEYS) {
      int at = Math.max(block, low) - block;
      int stop = Math.min(block + KEYS, high) - block;
      source.load(this, block + at, stop - at, at);
      AttentionMath.scores(q, rows, k, at, stop, depth, s, KEYS, scratch);
      for (int r = 0; r < rows; r++) {
        from[r] = Math.max(first[r] - block, at);
        to[r] = Math.max(from[r], Math.min(end[r] - block, stop));
        if (from[r] < to[r] && !weights(r, from[r], to[r] - from[r], scale, softcap)) {
          to[r] = from[r];
        }
      }
      weigh();
    }
  }

  /** Turns scores into weights; returns whether there is one. */
  private boolean weights(int row, int start, int count, float scale, float softcap) {
    int at = row * KEYS + start;
    if (softcap == 0) {
      for (int i = at; i < at + count; i++) {
        s[i] *= scale;
      }
    } else {
      for (int i = at; i < at + count; i++) {
        s[i] = s[i] * scale / softcap;
      }
      VectorMath.tanh(s, at, count);
      for (int i = at; i < at + count; i++) {
        s[i] *= softcap;
      }
    }
    float top = VectorMath.max(s, at, count);
    if (top == Float.NEGATIVE_INFINITY) {
      return false;
    }
    if (largest[row] == Float.NEGATIVE_INFINITY) {
      largest[row] = top;
    } else if (!(top <= largest[row] + HEADROOM)) {
      rescale(row, exp((double) largest[row] - top));
      largest[row] = top;
    }
    VectorMath.exp(s, at, count, largest[row]);
    sum[row] += VectorMath.sum(s, at, count);
    return true;
  }

  /** The same bits in the interpreter and in compiled code. */
  private static float exp(double x) {
    return (float) StrictMath.exp(x);
  }

  private void rescale(int row, float factor) {
    sum[row] *= factor;
    for (int i = row * valueWidth; i < (row + 1) * valueWidth; i++) {
      acc[i] *= factor;
    }
  }

  private void weigh() {
    for (int r = 0; r < rows; ) {
      int run = 1;
      while (r + run < rows && from[r + run] == from[r] && to[r + run] == to[r]) {
        run++;
      }
      if (from[r] < to[r]) {
        AttentionMath.weigh(
            s,
            r * KEYS,
            KEYS,
            run,
            v,
            valueStride,
            from[r],
            to[r],
            valueWidth,
            acc,
            r * valueWidth,
            valueWidth);
      }
      r += run;
    }
  }

  /** Returns the floats of a partial result: largest score, sum, unnormalised output. */
  static long partialFloats(long valueDim) {
    return valueDim + 2;
  }

  /** Writes the partial result of a row. */
  void store(int row, MemorySegment to, long byteOffset) {
    to.set(FLOAT, byteOffset, largest[row]);
    to.set(FLOAT, byteOffset + Float.BYTES, sum[row]);
    MemorySegment.copy(acc, row * valueWidth, to, FLOAT, byteOffset + 2L * Float.BYTES, valueDim);
  }

  /** Adds {@code count} adjacent partial results, in their order, to a row that is still empty. */
  void merge(int row, MemorySegment partials, long byteOffset, int count) {
    long stride = Float.BYTES * partialFloats(valueDim);
    float top = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      top = Math.max(top, partials.get(FLOAT, byteOffset + i * stride));
    }
    largest[row] = top;
    for (int i = 0; i < count; i++) {
      float its = partials.get(FLOAT, byteOffset + i * stride);
      if (its == Float.NEGATIVE_INFINITY) {
        continue;
      }
      float weight = exp((double) its - top);
      long at = byteOffset + i * stride + Float.BYTES;
      sum[row] = Math.fma(weight, partials.get(FLOAT, at), sum[row]);
      MemorySegment.copy(partials, FLOAT, at + Float.BYTES, v, 0, valueDim);
      for (int d = 0; d < valueDim; d++) {
        acc[row * valueWidth + d] = Math.fma(weight, v[d], acc[row * valueWidth + d]);
      }
    }
  }

  /**
   * Normalises a row; 0 when it saw no key.
   *
   * @param sink the sink's logit; -Inf for none
   */
  void finish(int row, float sink) {
    if (largest[row] == Float.NEGATIVE_INFINITY) {
      return;
    }
    float denominator = sum[row];
    if (sink != Float.NEGATIVE_INFINITY) {
      float top = Math.max(largest[row], sink);
      rescale(row, exp((double) largest[row] - top));
      denominator = sum[row] + exp((double) sink - top);
    }
    for (int i = row * valueWidth; i < row * valueWidth + valueDim; i++) {
      acc[i] /= denominator;
    }
  }

  /** Returns the natural log-sum-exp of a row that is not finished yet, without a sink. */
  float logSumExp(int row) {
    return (float) (largest[row] + StrictMath.log(sum[row]));
  }

  /** Writes the output of a finished row. */
  void output(int row, MemorySegment to, long byteOffset, DType dtype) {
    FloatRows.store(acc, row * valueWidth, to, byteOffset, dtype, valueDim);
  }
}

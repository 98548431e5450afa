package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.touchstone.api.Accumulator;
import org.touchstone.api.Chain;
import org.touchstone.api.Evidence;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Promise;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.Subnormals;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.AttentionTile;

/**
 * Attention by the Vector API, in FP32. Keys and values become FP32 rows, except those in BF16
 * whose rows are whole vectors: they are read where they lie.
 */
final class VectorAttentionTile extends AttentionTile {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private static final int LANES = AttentionMath.LANES;

  /** Rows whose arithmetic takes less time than their keys and values take from memory. */
  private static final int FEW_ROWS = 16;

  private static final ThreadLocal<VectorAttentionTile> SCRATCH =
      ThreadLocal.withInitial(VectorAttentionTile::new);

  private float[] q = new float[0];

  private float[] k = new float[0];

  private float[] v = new float[0];

  private float[] ownValues = new float[0];
  private float[] acc = new float[0];
  private final float[] s = new float[ROWS * KEYS];
  private final float[] scratch = new float[AttentionMath.SCRATCH];
  private final float[] largest = new float[ROWS];

  /** Of the weights, lane by lane. */
  private final float[] sums = new float[ROWS * LANES];

  private final int[] from = new int[ROWS];
  private final int[] to = new int[ROWS];
  private int depth;
  private int valueDim;
  private int valueWidth;
  private int valueStride;

  private Values values = Values.SEPARATE;
  private boolean keysInPlace;
  private boolean valuesInPlace;
  private MemorySegment keyMemory = MemorySegment.NULL;
  private MemorySegment valueMemory = MemorySegment.NULL;
  private final long[] keyAt = new long[KEYS];
  private long[] valueAt = new long[KEYS];
  private final long[] ownValueAt = valueAt;
  private int[] panel = new int[0];

  /** Keeps the compiler from leaving out reads that only bring values near. */
  @SuppressWarnings("UnusedVariable")
  private long touched;

  private VectorAttentionTile() {}

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
  static VectorAttentionTile of(long depth, long valueDim, Values values) {
    VectorAttentionTile tile = SCRATCH.get();
    tile.reset(depth, Math.toIntExact(valueDim), values);
    return tile;
  }

  private void reset(long elements, int valueElements, Values where) {
    values = where;
    keysInPlace = false;
    valuesInPlace = false;
    valueAt = where == Values.SEPARATE ? ownValueAt : keyAt;
    depth = AttentionMath.padded(elements);
    valueDim = valueElements;
    valueWidth = AttentionMath.padded(valueDim);
    q = atLeast(q, ROWS * depth);
    k = atLeast(k, KEYS * depth);
    acc = atLeast(acc, ROWS * valueWidth);
    if (where == Values.SEPARATE) {
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
    clear();
  }

  private static float[] atLeast(float[] array, int size) {
    return array.length >= size ? array : new float[size];
  }

  @Override
  protected void reset(int row) {
    largest[row] = Float.NEGATIVE_INFINITY;
    Arrays.fill(sums, row * LANES, (row + 1) * LANES, 0);
    Arrays.fill(acc, row * valueWidth, (row + 1) * valueWidth, 0);
  }

  @Override
  public void query(
      int row, int element, MemorySegment from, long byteOffset, DType dtype, int elements) {
    FloatRows.load(from, byteOffset, dtype, q, row * depth + element, elements);
  }

  @Override
  public void keys(
      int at,
      int count,
      int element,
      MemorySegment from,
      long byteOffset,
      long pitch,
      DType dtype,
      int elements) {
    keysInPlace =
        dtype == DType.BF16 && element == 0 && elements == depth && depth % KeyPanel.STEP == 0;
    if (keysInPlace) {
      keyMemory = from;
      places(keyAt, at, count, byteOffset, pitch);
      panel = panel.length >= depth / 2 * KEYS ? panel : new int[depth / 2 * KEYS];
    }
    boolean valuesToo = values == Values.IN_KEYS;
    if (valuesToo) {
      valueMemory = from;
      valuesInPlace = keysInPlace && valueDim % CachedRows.STEP == 0;
    }
    if (!keysInPlace || (valuesToo && !valuesInPlace)) {
      load(from, byteOffset, pitch, dtype, elements, count, k, at * depth + element, depth);
    }
  }

  @Override
  public void values(
      int at, int count, MemorySegment from, long byteOffset, long pitch, DType dtype) {
    valuesInPlace = dtype == DType.BF16 && valueDim % CachedRows.STEP == 0;
    if (valuesInPlace) {
      valueMemory = from;
      places(valueAt, at, count, byteOffset, pitch);
    } else {
      load(from, byteOffset, pitch, dtype, valueDim, count, v, at * valueStride, valueStride);
    }
  }

  private static void places(long[] places, int at, int count, long byteOffset, long pitch) {
    for (int i = 0; i < count; i++) {
      places[at + i] = byteOffset + i * pitch;
    }
  }

  private static void load(
      MemorySegment from,
      long byteOffset,
      long pitch,
      DType dtype,
      int elements,
      int count,
      float[] to,
      int at,
      int stride) {
    if (stride == elements && pitch == elements * (dtype.bits() / 8L)) {
      FloatRows.load(from, byteOffset, dtype, to, at, count * elements);
      return;
    }
    for (int i = 0; i < count; i++) {
      FloatRows.load(from, byteOffset + i * pitch, dtype, to, at + i * stride, elements);
    }
  }

  @Override
  protected void attend(int block, int at, int stop, float scale, float softcap) {
    if (keysInPlace) {
      // Places without a key are read with whole vectors.
      Arrays.fill(keyAt, 0, at, keyAt[at]);
      Arrays.fill(keyAt, stop, KEYS, keyAt[at]);
      if (rows() <= FEW_ROWS) {
        touch(at, stop);
      }
      KeyPanel.transpose(keyMemory, keyAt, at, stop, depth, panel);
      CachedRows.scores(q, rows(), panel, at, stop, depth, s);
    } else {
      AttentionMath.scores(q, rows(), k, at, stop, depth, s, KEYS, scratch);
    }
    for (int r = 0; r < rows(); r++) {
      from[r] = Math.max(first(r) - block, at);
      to[r] = Math.max(from[r], Math.min(end(r) - block, stop));
      if (from[r] < to[r] && !weights(r, from[r], to[r] - from[r], scale, softcap)) {
        to[r] = from[r];
      }
    }
    weigh();
  }

  private void touch(int at, int stop) {
    touched += CachedRows.touch(keyMemory, keyAt, at, stop, depth);
    if (valuesInPlace && values == Values.SEPARATE) {
      touched += CachedRows.touch(valueMemory, valueAt, at, stop, valueDim);
    }
  }

  /** Turns scores into weights; returns whether there is one. */
  private boolean weights(int row, int start, int count, float scale, float softcap) {
    // In whole vectors: what the row does not see shall weigh nothing.
    int at = row * KEYS + start - start % LANES;
    int end = row * KEYS + Math.ceilDiv(start + count, LANES) * LANES;
    int size = end - at;
    if (softcap == 0) {
      VectorMath.multiply(s, at, size, scale);
    } else {
      for (int i = at; i < end; i++) {
        s[i] = s[i] * scale / softcap;
      }
      VectorMath.tanh(s, at, size);
      for (int i = at; i < end; i++) {
        s[i] *= softcap;
      }
    }
    Arrays.fill(s, at, row * KEYS + start, Float.NEGATIVE_INFINITY);
    Arrays.fill(s, row * KEYS + start + count, end, Float.NEGATIVE_INFINITY);
    float top = VectorMath.max(s, at, size);
    if (top == Float.NEGATIVE_INFINITY) {
      return false;
    }
    if (largest[row] == Float.NEGATIVE_INFINITY) {
      largest[row] = top;
    } else if (!(top <= largest[row] + HEADROOM)) {
      rescale(row, exp((double) largest[row] - top));
      largest[row] = top;
    }
    VectorMath.exp(s, at, size, largest[row]);
    VectorMath.addVectors(s, at, size, sums, row * LANES);
    return true;
  }

  private float sum(int row) {
    return VectorMath.sum(FloatVector.fromArray(FloatVector.SPECIES_PREFERRED, sums, row * LANES));
  }

  private void rescale(int row, float factor) {
    for (int i = row * LANES; i < (row + 1) * LANES; i++) {
      sums[i] *= factor;
    }
    for (int i = row * valueWidth; i < (row + 1) * valueWidth; i++) {
      acc[i] *= factor;
    }
  }

  private void weigh() {
    for (int r = 0; r < rows(); ) {
      int run = 1;
      while (r + run < rows() && from[r + run] == from[r] && to[r + run] == to[r]) {
        run++;
      }
      if (from[r] < to[r] && valuesInPlace) {
        CachedRows.weigh(s, r, run, valueMemory, valueAt, from[r], to[r], valueWidth, acc);
      } else if (from[r] < to[r]) {
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

  @Override
  public void store(int row, MemorySegment to, long byteOffset) {
    to.set(FLOAT, byteOffset, largest[row]);
    to.set(FLOAT, byteOffset + Float.BYTES, sum(row));
    MemorySegment.copy(acc, row * valueWidth, to, FLOAT, byteOffset + 2L * Float.BYTES, valueDim);
  }

  @Override
  public void merge(int row, MemorySegment partials, long byteOffset, int count) {
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
      sums[row * LANES] = Math.fma(weight, partials.get(FLOAT, at), sums[row * LANES]);
      MemorySegment.copy(partials, FLOAT, at + Float.BYTES, v, 0, valueDim);
      for (int d = 0; d < valueDim; d++) {
        acc[row * valueWidth + d] = Math.fma(weight, v[d], acc[row * valueWidth + d]);
      }
    }
  }

  /** Normalises a row. */
  private void finish(int row, float sink) {
    if (largest[row] == Float.NEGATIVE_INFINITY) {
      return;
    }
    float denominator = sum(row);
    if (sink != Float.NEGATIVE_INFINITY) {
      float top = Math.max(largest[row], sink);
      rescale(row, exp((double) largest[row] - top));
      denominator = sum(row) + exp((double) sink - top);
    }
    for (int i = row * valueWidth; i < row * valueWidth + valueDim; i++) {
      acc[i] /= denominator;
    }
  }

  @Override
  public float logSumExp(int row) {
    return (float) (largest[row] + StrictMath.log(sum(row)));
  }

  @Override
  public void output(int row, float sink, MemorySegment to, long byteOffset, DType dtype) {
    finish(row, sink);
    FloatRows.store(acc, row * valueWidth, to, byteOffset, dtype, valueDim);
  }
}

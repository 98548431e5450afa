package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Chain;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.spi.Memories;

/**
 * The weights of all experts, [E, N, K] or [N, K], multiplied by rows of activations. Weights are
 * decoded on the way into the cache, a few rows and one block of columns at a time.
 *
 * <p>An element of a product is computed by the same operations in the same order whatever rows and
 * columns are computed with it.
 */
final class ExpertWeights {
  /** Rows of activations that share one decoded block of weights. */
  static final int ROWS = 24;

  /** Longest block of columns; blocks with scales are one scale group long. */
  private static final int BLOCK = 256;

  private static final int LANES = FloatGemm.LANES;

  /** Rows of weights that are decoded at a time. */
  private static final int PANEL = Math.max(32, LANES);

  private final MemorySegment memory;
  private final DType dtype;
  private final long rows;
  private final int columns;
  private final int block;
  private final @Nullable MemorySegment scales;
  private final long scaleRows;
  private final int scaleColumns;

  /** Working memory of one thread. */
  static final class Scratch {
    private final float[] a = new float[ROWS * BLOCK];
    private final float[] b = new float[PANEL * BLOCK];
    private final float[] scale = new float[ROWS + GemmTiles.ROWS];
    private final float[] sums = new float[ROWS * PANEL * LANES];
    private final float[] row = new float[PANEL];
  }

  /**
   * Rows of activations.
   *
   * @param memory holds them
   * @param dtype F32, BF16, or E4M3FN with scales
   * @param pitch bytes from row to row
   * @param scales FP32 scales per row and group of 128, without gaps; null without scales
   * @param columns row length
   */
  record Rows(
      MemorySegment memory, DType dtype, long pitch, @Nullable MemorySegment scales, int columns) {
    private float scale(long row, int group) {
      return scales == null
          ? 1f
          : scales.get(
              ValueLayout.JAVA_FLOAT_UNALIGNED,
              4 * (row * Math.ceilDiv(columns, GemmOperands.BLOCK) + group));
    }
  }

  ExpertWeights(Tensor weight, @Nullable Tensor scale) {
    memory = Memories.host(weight);
    dtype = weight.dtype();
    rows = weight.shape().rank() == 1 ? 1 : weight.dim(-2);
    columns = Math.toIntExact(weight.dim(-1));
    scales = scale == null ? null : Memories.host(scale);
    block = blockLength(scale != null);
    scaleRows = Math.ceilDiv(rows, GemmOperands.BLOCK);
    scaleColumns = Math.ceilDiv(columns, GemmOperands.BLOCK);
  }

  private static int blockLength(boolean scaled) {
    return scaled ? GemmOperands.BLOCK : BLOCK;
  }

  /** Returns what {@link #multiply} declares. */
  static Chain chain(GemmOperands operands) {
    return Chain.blocked(LANES, blockLength(operands.scaled()), LaneSums.LEVELS);
  }

  /** Returns the number of weight rows of one expert. */
  int rows() {
    return Math.toIntExact(rows);
  }

  /**
   * Multiplies rows of activations by weight rows {@code from} to {@code from + count - 1} of an
   * expert.
   *
   * @param x the activations
   * @param rowNumbers numbers of the rows that take part
   * @param m how many of them, at most {@link #ROWS}
   * @param out receives row i, column j at {@code at + i * stride + j}
   */
  void multiply(
      long expert,
      int from,
      int count,
      Rows x,
      int[] rowNumbers,
      int m,
      float[] out,
      int at,
      int stride,
      Scratch s) {
    int panel;
    for (int n = from; n < from + count; n += panel) {
      // A panel stays within one row of scale blocks.
      int toBoundary = GemmOperands.BLOCK - n % GemmOperands.BLOCK;
      panel = Math.min(Math.min(PANEL, from + count - n), toBoundary);
      Arrays.fill(s.sums, 0, m * PANEL * LANES, 0f);
      for (int k = 0; k < columns; k += block) {
        addBlock(expert, n, panel, k, x, rowNumbers, m, s);
      }
      for (int i = 0; i < m; i++) {
        LaneSums.add(s.sums, i * PANEL * LANES, s.row, 0, Math.ceilDiv(panel, LANES));
        System.arraycopy(s.row, 0, out, at + i * stride + n - from, panel);
      }
    }
  }

  private void addBlock(
      long expert, int n, int panel, int k, Rows x, int[] rowNumbers, int m, Scratch s) {
    int length = Math.min(block, columns - k);
    int padded = Math.ceilDiv(length, LANES) * LANES;
    long bytes = dtype.bits() / Byte.SIZE;
    for (int j = 0; j < panel; j++) {
      long element = (expert * rows + n + j) * columns + k;
      FloatRows.load(memory, element * bytes, dtype, s.b, j * block, length);
      Arrays.fill(s.b, j * block + length, j * block + padded, 0f);
    }
    long inputBytes = x.dtype.bits() / Byte.SIZE;
    float weightScale = weightScale(expert, n, k);
    for (int i = 0; i < m; i++) {
      long at = rowNumbers[i] * x.pitch + k * inputBytes;
      FloatRows.load(x.memory, at, x.dtype, s.a, i * block, length);
      Arrays.fill(s.a, i * block + length, i * block + padded, 0f);
      s.scale[i] = scales == null ? 1f : x.scale(rowNumbers[i], k / block) * weightScale;
    }
    for (int i = 0; i < m; i += GemmTiles.ROWS) {
      GemmTiles.add(
          s.a,
          i * block,
          block,
          Math.min(GemmTiles.ROWS, m - i),
          s.b,
          0,
          block,
          panel,
          padded,
          s.scale,
          i,
          s.sums,
          i * PANEL * LANES,
          PANEL * LANES);
    }
  }

  private float weightScale(long expert, int n, int k) {
    if (scales == null) {
      return 1f;
    }
    long row = expert * scaleRows + n / GemmOperands.BLOCK;
    return scales.get(
        ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (row * scaleColumns + k / GemmOperands.BLOCK));
  }
}

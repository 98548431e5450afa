package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.Chain;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.backends.cpu.micro.ActivationRows;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.micro.Weight;

/**
 * Multiplies rows of activations with rows of a weight, in FP32: one block of a matrix product, the
 * work of one task. Weights are read in the order of {@link PackedWeights}, in which a lane is a
 * column of the result; plain ones are brought into it block by block, so both give the same bits.
 *
 * <p>The products of 128 elements are added up in ascending order, the sum times its scale is added
 * to the result. The order is the same for every element, so a row's result does not depend on the
 * other rows.
 */
final class WeightProduct {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** Elements that share a scale. */
  static final int BLOCK = GemmOperands.BLOCK;

  /** Rows of activations that one call takes at most. */
  static final int ROWS = MicroKernels.PRODUCT_ROWS;

  /** Rows of the weight that one call takes whatever its rows. */
  static final int COLUMNS = MicroKernels.PRODUCT_COLUMNS;

  /** Columns of a product, at most: by then unpacking the rows is a small part of the work. */
  static final int MOST_COLUMNS = 512;

  /** What a first row of the weight must be a multiple of. */
  static final int COLUMN_ALIGNMENT = PackedWeights.ROWS;

  /** The longest chain of additions of a product. */
  static final Chain CHAIN = Chain.blocked(1, BLOCK, 0);

  private WeightProduct() {}

  /** Returns the columns of a product of {@code m} rows, at most. */
  static int columns(int m) {
    int written = Math.min(ROWS, PanelTiles.written(m));
    int panels = MicroKernels.PRODUCT_RESULT / written / COLUMNS;
    return Math.clamp(panels, 1, MOST_COLUMNS / COLUMNS) * COLUMNS;
  }

  /**
   * Computes {@code out[i stride + j] = sum_k a[i,k] w[n0 + j, k]}, blocks scaled.
   *
   * @param m rows of activations, 1 to {@link #ROWS}
   * @param n0 first row of the weight, a multiple of {@link #COLUMN_ALIGNMENT}
   * @param n rows of the weight, 1 to {@link #columns}
   * @return the distance of two rows in {@code out}
   */
  static int compute(ActivationRows a, int m, Weight w, long n0, int n, float[] out) {
    GemmScratch scratch = GemmScratch.ofThread();
    int stride = Math.ceilDiv(n, PackedWeights.ROWS) * PackedWeights.ROWS;
    Arrays.fill(out, 0, m * stride, 0f);
    int atOnce = GemmScratch.blocks(m);
    for (long first = 0; first < w.blocks(); first += atOnce) {
      int blocks = (int) Math.min(atOnce, w.blocks() - first);
      load(a, m, w, first, blocks, scratch);
      for (int j = 0; j < n; j += PackedWeights.ROWS) {
        for (int b = 0; b < blocks; b++) {
          block(
              m, w, n0 + j, Math.min(PackedWeights.ROWS, n - j), first, b, scratch, out, j, stride);
        }
      }
    }
    return stride;
  }

  private static void load(
      ActivationRows a, int m, Weight w, long first, int blocks, GemmScratch scratch) {
    float factor = BlockPanels.factor(w.dtype());
    long bytes = a.dtype().bits() / Byte.SIZE;
    for (int i = 0; i < m; i++) {
      for (int b = 0; b < blocks; b++) {
        long k = (first + b) * BLOCK;
        int count = (int) Math.min(BLOCK, w.k() - k);
        int at = (b * m + i) * BLOCK;
        FloatRows.load(a.memory(), a.offset(i) + k * bytes, a.dtype(), scratch.a, at, count);
        Arrays.fill(scratch.a, at + count, at + BLOCK, 0f);
        scratch.scales[b * m + i] = scale(a, i, first + b);
      }
    }
    if (factor != 1) {
      multiply(scratch.a, blocks * m * BLOCK, factor);
    }
  }

  private static void multiply(float[] values, int count, float factor) {
    for (int i = 0; i < count; i += F.length()) {
      FloatVector.fromArray(F, values, i).mul(factor).intoArray(values, i);
    }
  }

  private static float scale(ActivationRows a, int row, long block) {
    MemorySegment scales = a.scales();
    return scales == null ? 1 : scales.get(FLOAT, a.scaleOffset(row) + 4 * block);
  }

  private static float scale(Weight w, long blockRow, long block) {
    MemorySegment scales = w.scales();
    return scales == null
        ? 1
        : scales.get(FLOAT, w.scaleOffset() + 4 * (blockRow * w.blocks() + block));
  }

  /** Adds the products of a block of 64 rows of the weight from {@code row} on. */
  private static void block(
      int m,
      Weight w,
      long row,
      int n,
      long first,
      int b,
      GemmScratch scratch,
      float[] out,
      int j,
      int stride) {
    DType dtype = w.dtype();
    MemorySegment memory;
    long at;
    if (w.layout().plain()) {
      long k = (first + b) * BLOCK;
      memory = scratch.packed;
      at = 0;
      PackedBlocks.pack(
          dtype,
          w.memory(),
          w.element(row, k),
          w.k() * dtype.bits() / Byte.SIZE,
          n,
          (int) Math.min(BLOCK, w.k() - k),
          memory,
          at);
    } else {
      memory = w.memory();
      long number = row / PackedWeights.ROWS * w.blocks() + first + b;
      at = w.offset() + number * PackedBlocks.bytes(dtype);
    }
    float scale = scale(w, row / BLOCK, first + b);
    for (int i = 0; i < m; i++) {
      scratch.factors[i] = scratch.scales[b * m + i] * scale;
    }
    int rows = b * m * BLOCK;
    boolean found =
        m <= FusedRows.most(dtype)
            ? FusedRows.add(dtype, memory, at, scratch.a, rows, m, scratch.factors, out, j, stride)
            : tiles(dtype, memory, at, rows, m, scratch, out, j, stride);
    if (found) {
      PackedBlocks.poison(memory, at, m, out, j, stride);
    }
  }

  private static boolean tiles(
      DType dtype,
      MemorySegment memory,
      long at,
      int rows,
      int m,
      GemmScratch scratch,
      float[] out,
      int j,
      int stride) {
    boolean found = BlockPanels.unpack(dtype, memory, at, scratch.panels);
    for (int g = 0; g < PackedWeights.ROWS / PanelTiles.COLUMNS; g++) {
      PanelTiles.add(
          scratch.a,
          rows,
          m,
          scratch.panels,
          g * PanelTiles.PANEL,
          scratch.factors,
          BlockPanels.factor(dtype),
          out,
          j + g * PanelTiles.COLUMNS,
          stride);
    }
    return found;
  }
}

package org.touchstone.backends.cpu.micro;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;

/**
 * The arithmetic that operators of {@code cpu://simd} spend their time in. Java decides what is
 * multiplied with what, in which blocks and by which thread; an implementation decides how. Results
 * do not depend on the calling thread, on what else a call covers, or on the layout of a weight.
 * Thread-safe.
 */
public interface MicroKernels extends RowKernels {
  /** Rows that one product takes at most. */
  int PRODUCT_ROWS = 96;

  /** Columns that one product takes whatever its rows. */
  int PRODUCT_COLUMNS = 64;

  /**
   * Floats of a product's result, at most. Four times as many columns as a panel has: unpacking the
   * rows is a twentieth of the work then, and result and rows fit in a second-level cache.
   */
  int PRODUCT_RESULT = PRODUCT_ROWS * 4 * PRODUCT_COLUMNS;

  /** Returns the name for kernels and listings, for example {@code native-avx2}. */
  String name();

  /** Returns the layout in which weights of a type are multiplied fastest. */
  Layout preferredWeights(DType dtype);

  /** Returns whether weights in a layout can be multiplied. */
  boolean reads(Layout layout, DType dtype);

  /** Packs a dense weight, or a stack of them, into {@link #preferredWeights}. */
  void pack(Tensor plain, Tensor packed);

  /** Unpacks into a dense tensor; the inverse of {@link #pack}, bit by bit. */
  void unpack(Tensor packed, Tensor plain);

  /** Returns what a product of such operands declares. */
  KernelTraits productTraits(GemmOperands operands);

  /** Returns what the first column of a product must be a multiple of. */
  int columnAlignment();

  /**
   * Returns the columns that one product of {@code m} rows takes at most, a multiple of {@link
   * #PRODUCT_COLUMNS}: with more of them rows are unpacked less often.
   */
  default int productColumns(int m) {
    return PRODUCT_COLUMNS;
  }

  /**
   * Computes {@code out[i stride + j] = sum_b sA(i, b) sB(j, b) sum_{k in block b} a[i, k] w[n0 +
   * j, k]}; a scale that is not there is 1.
   *
   * @param m rows, 1 to {@link #PRODUCT_ROWS}
   * @param n0 first column, a multiple of {@link #columnAlignment}
   * @param n columns, 1 to {@link #productColumns}
   * @param out at least {@link #PRODUCT_RESULT} floats
   * @return the distance of two rows in {@code out}
   */
  int product(ActivationRows a, int m, Weight w, long n0, int n, float[] out);

  /**
   * Returns what attention by {@link #attentionTile} declares.
   *
   * @param depth the longest dot product of a query and a key
   */
  KernelTraits attentionTraits(long depth);

  /**
   * Returns what attention declares by a tile of few queries that {@link AttentionTile#join joins}
   * key heads; empty where there is none.
   *
   * @param queries element type of queries
   * @param cache element type of keys and values
   */
  default Optional<KernelTraits> joinedAttentionTraits(
      DType queries, DType cache, long depth, long valueDim) {
    return Optional.empty();
  }

  /** Returns the calling thread's tile, without rows, for keys and values of some elements. */
  AttentionTile attentionTile(
      long depth, long valueDim, AttentionTile.Values values, AttentionTile.Sharing sharing);

  /**
   * Multiplies as {@link #product}, but for a weight that is multiplied in one way only: its bits
   * need not be those of a packed weight, so plain rows may be read where they lie. Which way is
   * taken depends on the operands' types and on k, not on m.
   *
   * @return the floats from row to row in {@code out}
   */
  default int dots(ActivationRows a, int m, Weight w, long n0, int n, float[] out) {
    return product(a, m, w, n0, n, out);
  }

  /** Returns the calling thread's tile for many queries of a key. */
  default AttentionTile attentionTile(long depth, long valueDim, AttentionTile.Values values) {
    return attentionTile(depth, valueDim, values, AttentionTile.Sharing.MANY);
  }

  /**
   * Computes {@code c[i, j] = sum_{k < terms} a[i, k] w[k, j]}: the rows of a plain weight are the
   * terms.
   *
   * @param a rows of F32 or BF16 without scales
   * @param m rows, 1 to {@link AttentionTile#ROWS}
   * @param w F32 or BF16
   * @param c FP32 rows, {@code pitch} bytes apart from {@code byteOffset} on
   */
  void accumulate(
      ActivationRows a, int m, Weight w, int terms, MemorySegment c, long byteOffset, long pitch);
}

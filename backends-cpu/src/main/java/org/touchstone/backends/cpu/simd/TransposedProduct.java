package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.ActivationRows;
import org.touchstone.backends.cpu.micro.AttentionTile;
import org.touchstone.backends.cpu.micro.Weight;

/** Products whose terms are the rows of a weight, which is widened to FP32 in blocks of rows. */
final class TransposedProduct {
  private static final int BLOCK = AttentionTile.KEYS;

  private TransposedProduct() {}

  /** Computes {@code c[i, j] = sum_{k < terms} a[i, k] w[k, j]}. */
  static void compute(
      ActivationRows a, int m, Weight w, int terms, MemorySegment c, long byteOffset, long pitch) {
    FloatScratch scratch = FloatScratch.current();
    int n = Math.toIntExact(w.k());
    int width = AttentionMath.padded(n);
    float[] rows = scratch.rows(m * terms);
    float[] sum = scratch.product(m * width);
    float[] block = scratch.block(BLOCK * width);
    Arrays.fill(sum, 0, m * width, 0);
    for (int i = 0; i < m; i++) {
      FloatRows.load(a.memory(), a.offset(i), a.dtype(), rows, i * terms, terms);
    }
    for (int k = 0; k < terms; k += BLOCK) {
      int count = Math.min(BLOCK, terms - k);
      for (int r = 0; r < count; r++) {
        FloatRows.load(w.memory(), w.element(k + r, 0), w.dtype(), block, r * width, n);
        Arrays.fill(block, r * width + n, (r + 1) * width, 0);
      }
      AttentionMath.weigh(rows, k, terms, m, block, width, 0, count, width, sum, 0, width);
    }
    for (int i = 0; i < m; i++) {
      FloatRows.store(sum, i * width, c, byteOffset + i * pitch, DType.F32, n);
    }
  }
}

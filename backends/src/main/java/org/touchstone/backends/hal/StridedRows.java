package org.touchstone.backends.hal;

import java.util.Arrays;
import org.touchstone.api.Tensor;

/**
 * Cuts a copy between two strided tensors of one shape into blocks of equally spaced rows, as few
 * as their strides allow.
 */
final class StridedRows {
  /** Takes one block; offsets count from the tensors' first elements, everything in bytes. */
  @FunctionalInterface
  interface Block {
    void rows(
        long srcOffset, long srcPitch, long dstOffset, long dstPitch, long rowBytes, long rows);
  }

  private final long[] extents;
  private final long[] srcSteps;
  private final long[] dstSteps;
  private final long rowBytes;
  private final boolean empty;

  private StridedRows(
      long[] extents, long[] srcSteps, long[] dstSteps, long rowBytes, boolean empty) {
    this.extents = extents;
    this.srcSteps = srcSteps;
    this.dstSteps = dstSteps;
    this.rowBytes = rowBytes;
    this.empty = empty;
  }

  /** Merges every dimension that continues the one inside it in both tensors. */
  static StridedRows of(Tensor src, Tensor dst) {
    if (src.shape().elements() == 0 || !src.layout().plain()) {
      return new StridedRows(
          new long[0], new long[0], new long[0], src.storageBytes(), src.storageBytes() == 0);
    }
    int rank = src.shape().rank();
    boolean packedBits = src.dtype().bits() < Byte.SIZE;
    long elementBytes = Math.max(1, src.dtype().bits() / Byte.SIZE);
    long[] extents = new long[rank];
    long[] srcSteps = new long[rank];
    long[] dstSteps = new long[rank];
    int kept = 0;
    for (int i = rank - 1; i >= 0; i--) {
      long extent = src.dim(i);
      long srcStep = src.strides().step(i) * elementBytes;
      long dstStep = dst.strides().step(i) * elementBytes;
      if (packedBits) {
        // Two elements per byte: rows start at bytes, so every other step is even.
        boolean innermost = i == rank - 1;
        extent = innermost ? src.dtype().bytesFor(extent) : extent;
        srcStep = innermost ? 1 : srcStep / 2;
        dstStep = innermost ? 1 : dstStep / 2;
      }
      if (extent == 1) {
        continue;
      }
      boolean continues =
          kept > 0
              && srcStep == srcSteps[kept - 1] * extents[kept - 1]
              && dstStep == dstSteps[kept - 1] * extents[kept - 1];
      if (continues) {
        extents[kept - 1] *= extent;
      } else {
        extents[kept] = extent;
        srcSteps[kept] = srcStep;
        dstSteps[kept] = dstStep;
        kept++;
      }
    }
    // Kept dimensions lie innermost first; a dense innermost one becomes the row.
    boolean dense = kept > 0 && srcSteps[0] == elementBytes && dstSteps[0] == elementBytes;
    int first = dense ? 1 : 0;
    return new StridedRows(
        Arrays.copyOfRange(extents, first, kept),
        Arrays.copyOfRange(srcSteps, first, kept),
        Arrays.copyOfRange(dstSteps, first, kept),
        dense ? extents[0] * elementBytes : elementBytes,
        false);
  }

  void forEach(Block block) {
    if (empty) {
      return;
    }
    if (extents.length == 0) {
      block.rows(0, rowBytes, 0, rowBytes, rowBytes, 1);
      return;
    }
    walk(block, extents.length - 1, 0, 0);
  }

  private void walk(Block block, int dimension, long src, long dst) {
    // A driver's rows may not overlap: a broadcast source is copied row by row.
    boolean spaced = srcSteps[0] >= rowBytes && dstSteps[0] >= rowBytes;
    if (dimension == 0 && spaced) {
      block.rows(src, srcSteps[0], dst, dstSteps[0], rowBytes, extents[0]);
      return;
    }
    for (long i = 0; i < extents[dimension]; i++) {
      long srcAt = src + i * srcSteps[dimension];
      long dstAt = dst + i * dstSteps[dimension];
      if (dimension == 0) {
        block.rows(srcAt, rowBytes, dstAt, rowBytes, rowBytes, 1);
      } else {
        walk(block, dimension - 1, srcAt, dstAt);
      }
    }
  }
}

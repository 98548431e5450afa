package org.touchstone.api.format;

import java.util.Objects;

/**
 * Where the scales of a block-scaled matrix lie in memory.
 *
 * <p>Scales form a matrix of {@code rows} x {@code blocks}: one row per row of the data, or per
 * block of rows, and one column per block along K. Offsets and sizes count scales, not bytes;
 * multiply them by the size of the scale type. The extents come from {@link #blocks}. The padding
 * that a layout adds should be 0.
 */
public enum ScaleLayout {
  /** Scale {@code (m, kb)} at {@code m * blocks + kb}; the canonical form, for every scale type. */
  ROW_MAJOR,

  /**
   * Scale {@code (m, kb)} at {@code kb * align(rows, 4) + m}: FP32 scales of DeepGEMM on SM90,
   * aligned to 16 bytes for the tensor memory accelerator, and of DeepEP's low-latency dispatch.
   */
  MN_MAJOR,

  /**
   * Four E8M0 scales that are neighbours along K in one little-endian 32-bit word, the words as in
   * {@link #MN_MAJOR}: DeepGEMM on SM100.
   */
  PACKED_UE8M0,

  /**
   * Tiles of 128 rows by 4 blocks, 512 one-byte scales each, rows 32 apart side by side: cuBLAS
   * block scaling, TensorRT-LLM, FlashInfer.
   */
  SWIZZLED_128X4;

  /** Rows to which the MN-major layouts are padded: 16 bytes of 32-bit words. */
  private static final long MN_ALIGNMENT = 4;

  private static final long SCALES_PER_WORD = 4;
  private static final long TILE_ROWS = 128;
  private static final long TILE_BLOCKS = 4;
  private static final long TILE_SCALES = TILE_ROWS * TILE_BLOCKS;
  private static final long TILE_ROW_GROUP = 32;

  /**
   * Count the blocks along a dimension, a partial one at the end included.
   *
   * @param extent elements along the dimension, at least 0
   * @param block elements per block, at least 1
   * @return {@code ceil(extent / block)}
   * @throws IllegalArgumentException if an argument is out of range
   */
  public static long blocks(long extent, long block) {
    if (extent < 0 || block < 1) {
      throw new IllegalArgumentException(
          "cannot split %d elements into blocks of %d: expected an extent of at least 0 and a block of at least 1"
              .formatted(extent, block));
    }
    return Math.ceilDiv(extent, block);
  }

  /**
   * Tell whether scales of a type can lie in this layout.
   *
   * @param scaleType type of one scale
   * @return any floating-point type for {@link #ROW_MAJOR}, F32 for {@link #MN_MAJOR}, E8M0 for
   *     {@link #PACKED_UE8M0}, E8M0 and E4M3FN for {@link #SWIZZLED_128X4}
   */
  public boolean accepts(DType scaleType) {
    return switch (this) {
      case ROW_MAJOR -> scaleType.isFloat();
      case MN_MAJOR -> scaleType == DType.F32;
      case PACKED_UE8M0 -> scaleType == DType.E8M0;
      case SWIZZLED_128X4 -> scaleType == DType.E8M0 || scaleType == DType.E4M3FN;
    };
  }

  /**
   * Compute how many scales the layout stores, its padding included.
   *
   * @param rows rows of the scale matrix, at least 0
   * @param blocks columns of the scale matrix, at least 0
   * @return number of scales to allocate
   * @throws IllegalArgumentException if an extent is negative
   * @throws ArithmeticException if the result does not fit in a {@code long}
   */
  public long size(long rows, long blocks) {
    if (rows < 0 || blocks < 0) {
      throw new IllegalArgumentException(
          "scale matrix of %d x %d: expected extents of at least 0".formatted(rows, blocks));
    }
    return switch (this) {
      case ROW_MAJOR -> Math.multiplyExact(rows, blocks);
      case MN_MAJOR -> Math.multiplyExact(align(rows, MN_ALIGNMENT), blocks);
      case PACKED_UE8M0 ->
          Math.multiplyExact(align(rows, MN_ALIGNMENT), align(blocks, SCALES_PER_WORD));
      case SWIZZLED_128X4 -> Math.multiplyExact(align(rows, TILE_ROWS), align(blocks, TILE_BLOCKS));
    };
  }

  /**
   * Locate one scale.
   *
   * @param row row of the scale, less than {@code rows}
   * @param block column of the scale, less than {@code blocks}
   * @param rows rows of the scale matrix
   * @param blocks columns of the scale matrix
   * @return offset in scales from the first one
   * @throws IndexOutOfBoundsException if {@code row} or {@code block} is outside the matrix
   */
  public long offset(long row, long block, long rows, long blocks) {
    Objects.checkIndex(row, rows);
    Objects.checkIndex(block, blocks);
    return switch (this) {
      case ROW_MAJOR -> row * blocks + block;
      case MN_MAJOR -> block * align(rows, MN_ALIGNMENT) + row;
      case PACKED_UE8M0 -> {
        long word = block / SCALES_PER_WORD * align(rows, MN_ALIGNMENT) + row;
        yield word * SCALES_PER_WORD + block % SCALES_PER_WORD;
      }
      case SWIZZLED_128X4 -> {
        long tile = row / TILE_ROWS * Math.ceilDiv(blocks, TILE_BLOCKS) + block / TILE_BLOCKS;
        long rowGroup = row % TILE_ROWS / TILE_ROW_GROUP;
        long inTile =
            row % TILE_ROW_GROUP * (TILE_SCALES / TILE_ROW_GROUP)
                + rowGroup * TILE_BLOCKS
                + block % TILE_BLOCKS;
        yield tile * TILE_SCALES + inTile;
      }
    };
  }

  private static long align(long extent, long alignment) {
    return Math.multiplyExact(Math.ceilDiv(extent, alignment), alignment);
  }
}

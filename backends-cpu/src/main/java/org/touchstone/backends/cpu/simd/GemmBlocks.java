package org.touchstone.backends.cpu.simd;

/**
 * Cuts a result of {@code rows} x {@code columns} into blocks for {@link WeightProduct}. Blocks
 * that follow each other share weight rows, so that a weight comes from memory once.
 *
 * @param rowsEach rows of a block, except of the last
 * @param rowBlocks blocks along the rows
 * @param columnBlocks blocks along the columns
 */
record GemmBlocks(long rows, long columns, long rowsEach, long rowBlocks, long columnBlocks) {
  /** Cuts into blocks of about the same number of rows. */
  static GemmBlocks of(long rows, long columns) {
    long fewest = Math.max(1, Math.ceilDiv(rows, WeightProduct.ROWS));
    long each = Math.max(1, Math.ceilDiv(rows, fewest));
    long whole = Math.ceilDiv(each, GemmTiles.ROWS) * GemmTiles.ROWS;
    return new GemmBlocks(
        rows,
        columns,
        whole,
        Math.ceilDiv(rows, whole),
        Math.ceilDiv(columns, WeightProduct.COLUMNS));
  }

  /** Returns the number of blocks. */
  long count() {
    return rowBlocks * columnBlocks;
  }

  /** Returns the first row of a block. */
  long firstRow(long block) {
    return block % rowBlocks * rowsEach;
  }

  /** Returns the rows of a block. */
  int rows(long block) {
    return (int) Math.min(rowsEach, rows - firstRow(block));
  }

  /** Returns the first column of a block. */
  long firstColumn(long block) {
    return block / rowBlocks * WeightProduct.COLUMNS;
  }

  /** Returns the columns of a block. */
  int columns(long block) {
    return (int) Math.min(WeightProduct.COLUMNS, columns - firstColumn(block));
  }

  /** Returns the rough cost of a block whose dot products have {@code k} terms. */
  long cost(long k) {
    return Math.min(rowsEach, rows) * Math.min(columns, WeightProduct.COLUMNS) * Math.max(1, k);
  }
}

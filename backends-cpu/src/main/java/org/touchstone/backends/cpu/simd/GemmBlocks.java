package org.touchstone.backends.cpu.simd;

/**
 * Cuts a result of {@code rows} x {@code columns} into blocks for {@link WeightProduct}. Blocks
 * that follow each other share weight rows, so that a weight comes from memory once.
 *
 * @param rowsEach rows of a block, except of the last
 * @param columnsEach columns of a block, except of the last
 * @param rowBlocks blocks along the rows
 * @param columnBlocks blocks along the columns
 */
record GemmBlocks(
    long rows, long columns, long rowsEach, long columnsEach, long rowBlocks, long columnBlocks) {
  /** Rows of a block come in threes: half a tile of registers, or a whole one. */
  private static final int ROW_STEP = 3;

  /**
   * Cuts into blocks of about the same number of rows, with as many columns as one product takes
   * and as leave every thread enough blocks.
   */
  static GemmBlocks of(long rows, long columns, Engine engine) {
    long fewest = Math.max(1, Math.ceilDiv(rows, WeightProduct.ROWS));
    long each = Math.max(1, Math.ceilDiv(rows, fewest));
    long whole = Math.ceilDiv(each, ROW_STEP) * ROW_STEP;
    long rowBlocks = Math.ceilDiv(rows, whole);
    long affordable = columns * rowBlocks / engine.tasks() / WeightProduct.COLUMNS;
    int most = engine.kernels().productColumns((int) Math.clamp(rows, 1, whole));
    long width = Math.clamp(affordable * WeightProduct.COLUMNS, WeightProduct.COLUMNS, most);
    return new GemmBlocks(rows, columns, whole, width, rowBlocks, Math.ceilDiv(columns, width));
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
    return block / rowBlocks * columnsEach;
  }

  /** Returns the columns of a block. */
  int columns(long block) {
    return (int) Math.min(columnsEach, columns - firstColumn(block));
  }

  /** Returns the rough cost of a block whose dot products have {@code k} terms. */
  long cost(long k) {
    return Math.min(rowsEach, rows) * Math.min(columns, columnsEach) * Math.max(1, k);
  }
}

package org.touchstone.tools.peers;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.Tensor;

/** The cached rows of sequences, gathered from their pages. */
final class PagedRows {
  private final Matrix cache;
  private final MemorySegment table;
  private final int tableColumns;
  private final int pageSize;

  /**
   * Reads a cache.
   *
   * @param cache [pages, page, rowsPerToken, D] or [pages, page, D]
   * @param table I32 [B, maxPages]
   */
  PagedRows(Tensor cache, Tensor table) {
    long tokens = cache.dim(0) * cache.dim(1);
    this.cache = Matrix.of(cache, Math.toIntExact(tokens));
    this.table = table.buffer().host().asSlice(table.byteOffset());
    tableColumns = Math.toIntExact(table.dim(1));
    pageSize = Math.toIntExact(cache.dim(1));
  }

  /** Returns the columns from {@code first} on of every token of a sequence. */
  void gather(int sequence, int tokens, int first, int count, float[] into, int at) {
    float[] row = new float[cache.columns()];
    for (int token = 0; token < tokens; token++) {
      int page =
          table.get(
              ValueLayout.JAVA_INT_UNALIGNED,
              4L * ((long) sequence * tableColumns + token / pageSize));
      cache.read(page * pageSize + token % pageSize, row, 0);
      System.arraycopy(row, first, into, at + token * count, count);
    }
  }
}

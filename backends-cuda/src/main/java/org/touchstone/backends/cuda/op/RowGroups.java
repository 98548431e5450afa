package org.touchstone.backends.cuda.op;

import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.KernelParams;

/**
 * Which rows of a product belong to which weight.
 *
 * @param table the grouping's integers; none for a dense product
 * @param rows rows in all
 * @param perGroup masked: rows of one expert
 * @param alignment PSUM: to which segments are aligned
 * @param experts number of weights
 * @param kind number by which kernels know the grouping
 */
record RowGroups(
    DevicePointer table, long rows, long perGroup, long alignment, long experts, int kind) {
  /** All rows belong to one weight. */
  static RowGroups dense(long rows) {
    return new RowGroups(DevicePointer.NULL, rows, 1, 1, 1, 0);
  }

  /** Rows of an expert lie between two offsets. */
  static RowGroups offsets(DevicePointer table, long rows, long experts) {
    return new RowGroups(table, rows, 1, 1, experts, number(GemmGroupedSpec.Grouping.OFFSETS));
  }

  /** Returns the number by which kernels know a grouping. */
  static int number(GemmGroupedSpec.Grouping grouping) {
    return switch (grouping) {
      case CONTIGUOUS -> 1;
      case PSUM -> 2;
      case OFFSETS -> 3;
      case MASKED -> 4;
    };
  }

  void describe(KernelParams params) {
    params
        .pointer(table)
        .i64(rows)
        .i64(perGroup)
        .i64(alignment)
        .i32(Math.toIntExact(experts))
        .i32(kind);
  }
}

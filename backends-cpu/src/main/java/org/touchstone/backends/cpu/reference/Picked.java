package org.touchstone.backends.cpu.reference;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.Scope;

/**
 * The elements of a [rows, columns] output that a reference computes. Values and bounds of them lie
 * in arrays of {@link #count} elements, row after row.
 */
final class Picked {
  private final long[] rows;
  private final long[] columns;
  private final long rowLength;
  private final boolean all;

  private Picked(long[] rows, long[] columns, long rowLength, boolean all) {
    this.rows = rows;
    this.columns = columns;
    this.rowLength = rowLength;
    this.all = all;
  }

  /** Picks whole rows. */
  static Picked rows(Scope scope, long rows, long columns) {
    return new Picked(
        scope.pick("rows", rows),
        Scope.ALL.pick("columns", columns),
        columns,
        !scope.samples(rows));
  }

  /** Picks rows, and columns of them. */
  static Picked elements(Scope scope, long rows, long columns) {
    return new Picked(
        scope.pick("rows", rows),
        scope.pick("columns", columns),
        columns,
        !scope.samples(rows) && !scope.samples(columns));
  }

  /** Returns the number of picked elements. */
  int count() {
    return Math.multiplyExact(rows.length, columns.length);
  }

  /** Returns the picked columns, ascending. */
  long[] columns() {
    return columns;
  }

  /** Computes a picked row. */
  @FunctionalInterface
  interface RowBody {
    /**
     * Computes a row.
     *
     * @param row its number
     * @param at where its first picked element lies in the arrays
     */
    void row(long row, int at);
  }

  /** Runs a body for every picked row, in parallel. */
  void forEach(CpuThreads threads, long costPerElement, RowBody body) {
    threads.forEach(
        rows.length,
        costPerElement * columns.length,
        i -> body.row(rows[(int) i], (int) i * columns.length));
  }

  /** Returns what the output may hold. */
  Expected.Interval interval(DType type, double[] value, double[] error) {
    return all
        ? Expected.Interval.all(type, Saturation.NONSAT, value, error)
        : new Expected.Interval(type, Saturation.NONSAT, index(), value, error);
  }

  private long[] index() {
    long[] index = new long[count()];
    int at = 0;
    for (long row : rows) {
      for (long column : columns) {
        index[at++] = row * rowLength + column;
      }
    }
    return index;
  }
}

package org.touchstone.backends.opencl.op;

import java.util.Arrays;
import java.util.function.Consumer;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.opencl.driver.Launch;

/**
 * Cuts tensors of one shape into rows that are contiguous in all of them, and rows into strips. The
 * kernels' counterpart is {@code row_start} of the prelude.
 */
final class Strips {
  /** Outer dimensions that a kernel takes. */
  private static final int OUTER = 8;

  private final Tensor[] tensors;
  private final int strip;
  private final long rowLength;
  private final long[] extents;
  private final long[][] steps;

  private Strips(Tensor[] tensors, int strip, long rowLength, long[] extents, long[][] steps) {
    this.tensors = tensors;
    this.strip = strip;
    this.rowLength = rowLength;
    this.extents = extents;
    this.steps = steps;
  }

  /** Merges dimensions that continue each other in every tensor; there is at least one element. */
  static Strips of(int strip, Tensor... tensors) {
    Tensor any = tensors[0];
    int rank = any.shape().rank();
    long[] extents = new long[rank + 1];
    long[][] steps = new long[tensors.length][rank + 1];
    int kept = 0;
    extents[0] = 1;
    for (long[] own : steps) {
      own[0] = 1;
    }
    for (int d = rank - 1; d >= 0; d--) {
      long extent = any.dim(d);
      if (extent == 1) {
        continue;
      }
      if (continues(tensors, d, extents[kept], steps, kept)) {
        extents[kept] *= extent;
        continue;
      }
      kept++;
      extents[kept] = extent;
      for (int t = 0; t < tensors.length; t++) {
        steps[t][kept] = tensors[t].strides().step(d);
      }
    }
    for (int t = 0; t < tensors.length; t++) {
      steps[t] = Arrays.copyOfRange(steps[t], 1, kept + 1);
    }
    return new Strips(tensors, strip, extents[0], Arrays.copyOfRange(extents, 1, kept + 1), steps);
  }

  private static boolean continues(
      Tensor[] tensors, int dimension, long extent, long[][] steps, int kept) {
    for (int t = 0; t < tensors.length; t++) {
      if (tensors[t].strides().step(dimension) != steps[t][kept] * extent) {
        return false;
      }
      // Rows of 4-bit elements start at bytes, so an odd row never continues.
      if (tensors[t].dtype() == DType.E2M1 && extent % 2 != 0 && kept == 0 && extent != 1) {
        return false;
      }
    }
    return true;
  }

  /** Returns how many strips a row has. */
  long perRow() {
    return Math.ceilDiv(rowLength, strip);
  }

  /**
   * Prepares a launch for every block of outer dimensions that one launch can take: one block,
   * unless there are more than eight dimensions that do not continue each other.
   */
  void forEach(Consumer<Block> action) {
    if (extents.length <= OUTER) {
      action.accept(new Block(new long[tensors.length], extents.length));
      return;
    }
    long blocks = 1;
    for (int d = OUTER; d < extents.length; d++) {
      blocks *= extents[d];
    }
    for (long block = 0; block < blocks; block++) {
      long[] starts = new long[tensors.length];
      long rest = block;
      for (int d = OUTER; d < extents.length; d++) {
        for (int t = 0; t < tensors.length; t++) {
          starts[t] += rest % extents[d] * steps[t][d];
        }
        rest /= extents[d];
      }
      action.accept(new Block(starts, OUTER));
    }
  }

  /** What one launch takes. */
  final class Block {
    private final long[] starts;
    private final int dimensions;

    private Block(long[] starts, int dimensions) {
      this.starts = starts;
      this.dimensions = dimensions;
    }

    /** Gives every tensor with its first byte. */
    Launch tensors(Launch launch) {
      for (int t = 0; t < tensors.length; t++) {
        launch.tensor(tensors[t], tensors[t].dtype().bytesFor(starts[t]));
      }
      return launch;
    }

    /** Gives row length, strip, strips per row, extents and the steps of every tensor. */
    Launch rows(Launch launch) {
      launch.i64(rowLength).i32(strip).i64(perRow()).i64s(padded(extents, 1));
      for (long[] own : steps) {
        launch.i64s(padded(own, 0));
      }
      return launch;
    }

    private long[] padded(long[] values, long filler) {
      long[] eight = new long[OUTER];
      Arrays.fill(eight, filler);
      System.arraycopy(values, 0, eight, 0, dimensions);
      return eight;
    }

    /** Returns the number of strips of this launch. */
    long groups() {
      long rows = 1;
      for (int d = 0; d < dimensions; d++) {
        rows *= extents[d];
      }
      return rows * perRow();
    }
  }
}

package org.touchstone.backends.cpu.reference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.backends.host.HostTensors;

/** Reads parts of tensors, so that a sample of a large one is cheap. */
final class TensorRows {
  private static final double[] NONE = {};

  private TensorRows() {}

  /**
   * Reads what lies below the given leading indices, in row-major order; nothing of an absent
   * tensor.
   */
  static double[] of(@Nullable Tensor tensor, long... index) {
    if (tensor == null) {
      return NONE;
    }
    Tensor part = tensor;
    for (int d = 0; d < index.length; d++) {
      part = part.slice(d, index[d], index[d] + 1);
    }
    return HostTensors.doubles(part);
  }

  /** Reads the rows of a matrix with the given numbers. */
  static double[][] rows(Tensor matrix, long[] numbers) {
    double[][] rows = new double[numbers.length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = of(matrix, numbers[i]);
    }
    return rows;
  }
}

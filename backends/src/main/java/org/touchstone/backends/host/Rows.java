package org.touchstone.backends.host;

import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;

/** Walks over the innermost rows of a strided tensor. */
public final class Rows {
  private Rows() {}

  /** Takes one innermost row. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * Takes a row.
     *
     * @param element number of its first element, counted in elements from the tensor's byte offset
     * @param count elements of the row
     * @param step distance between its elements, in elements
     */
    void row(long element, long count, long step);
  }

  /** Calls the visitor for every innermost row, in row-major order. */
  public static void of(Tensor tensor, Visitor visitor) {
    Shape shape = tensor.shape();
    if (shape.elements() == 0) {
      return;
    }
    int outer = Math.max(0, shape.rank() - 1);
    long count = shape.rank() == 0 ? 1 : shape.dim(-1);
    long step = shape.rank() == 0 ? 1 : tensor.strides().step(-1);
    long[] index = new long[outer];
    long element = 0;
    while (true) {
      visitor.row(element, count, step);
      int d = outer - 1;
      while (d >= 0 && index[d] == shape.dim(d) - 1) {
        element -= index[d] * tensor.strides().step(d);
        index[d--] = 0;
      }
      if (d < 0) {
        return;
      }
      index[d]++;
      element += tensor.strides().step(d);
    }
  }
}

package org.touchstone.api;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Extents of a tensor, outermost first. Immutable. Extents of 0 are legal; rank 0 is a scalar with
 * one element.
 */
public final class Shape {
  private final long[] dims;
  private final long elements;

  private Shape(long[] dims) {
    this.dims = dims;
    long product = 1;
    boolean empty = false;
    for (long dim : dims) {
      if (dim < 0) {
        throw new HalException(
            ErrorCode.NEGATIVE_SIZE,
            "shape " + Arrays.toString(dims) + " has a negative extent; extents are >= 0");
      }
      empty |= dim == 0;
    }
    if (!empty) {
      for (long dim : dims) {
        if (Math.multiplyHigh(product, dim) != 0 || product * dim < 0) {
          throw new HalException(
              ErrorCode.SIZE_OVERFLOW,
              "shape "
                  + Arrays.toString(dims)
                  + " has more than 2^63-1 elements; split the tensor");
        }
        product *= dim;
      }
    }
    this.elements = empty ? 0 : product;
  }

  /** Creates a shape. */
  public static Shape of(long... dims) {
    return new Shape(dims.clone());
  }

  /** Returns the number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /** Returns an extent; negative indices count from the end. */
  public long dim(int index) {
    return dims[index < 0 ? dims.length + index : index];
  }

  /** Returns the number of elements. */
  public long elements() {
    return elements;
  }

  /** Returns the extents as a new array. */
  public long[] dims() {
    return dims.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** Renders as {@code [4, 128]}. */
  @Override
  public String toString() {
    return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
  }
}

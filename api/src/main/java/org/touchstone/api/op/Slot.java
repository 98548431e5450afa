package org.touchstone.api.op;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Layout;
import org.touchstone.api.format.DType;

/**
 * One tensor of an operator.
 *
 * @param name as the component of the argument record
 * @param access how the operator uses it
 * @param presence whether it must be given
 * @param dtype element type
 * @param dims extents, or null when the slot takes any shape
 * @param anyShape for a slot of any shape: the symbol that stands for the whole shape; otherwise
 *     null
 * @param strideRule which strides are legal
 * @param layout the layout that the tensor must have
 * @param inPlaceOf name of an input that this output may coincide with exactly, or null
 */
public record Slot(
    String name,
    Access access,
    Presence presence,
    DType dtype,
    @Nullable List<Dim> dims,
    @Nullable String anyShape,
    StrideRule strideRule,
    Layout layout,
    @Nullable String inPlaceOf) {
  /** How an operator uses a tensor. */
  public enum Access {
    /** Only read. */
    IN,
    /** Written completely, never read before. */
    OUT,
    /** Read and written, or written in part. */
    INOUT
  }

  /** Whether a tensor must be given. */
  public enum Presence {
    /** Must be given. */
    REQUIRED,
    /** May be null. */
    OPTIONAL,
    /** Must be null: the spec switches the slot off. */
    FORBIDDEN
  }

  /** Which strides a kernel takes. */
  public enum StrideRule {
    /** Unit stride in the innermost dimension, anything outside: rows of a larger tensor. */
    ROWS,
    /** No gaps at all: weights, index arrays, caches. */
    DENSE
  }

  /** Returns whether the operator writes the tensor. */
  public boolean written() {
    return access != Access.IN;
  }

  /** Returns whether the operator reads the tensor's previous content. */
  public boolean read() {
    return access != Access.OUT;
  }
}

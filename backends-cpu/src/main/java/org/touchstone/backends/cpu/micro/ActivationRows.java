package org.touchstone.backends.cpu.micro;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.format.DType;

/** Rows of activations, the left operand of a product: dense rows anywhere in one memory. */
public interface ActivationRows {
  /** Returns the memory of the rows. */
  MemorySegment memory();

  /** Returns the type: the weight's, or F32, BF16 or F16 when the weight is F32 or BF16. */
  DType dtype();

  /** Returns the byte offset of the first element of a row. */
  long offset(int row);

  /** Returns the memory of FP32 scales, one per row and 128 elements, or null. */
  @Nullable MemorySegment scales();

  /** Returns the byte offset of the first scale of a row; rows of scales are dense. */
  long scaleOffset(int row);
}

package org.touchstone.backends.opencl.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.opencl.driver.Launch;
import org.touchstone.backends.spi.DeviceMemory;

/**
 * Rows of a tensor or of workspace, one matrix or one per expert, as kernels take them: buffer,
 * first byte, elements from expert to expert and from row to row.
 */
final class Rows {
  /** No rows. */
  static final Rows NONE = new Rows(null, null, 0, DType.F32, 0, 0);

  private final @Nullable Tensor tensor;
  private final @Nullable DeviceMemory memory;
  private final long offset;
  private final DType type;
  private final long expertStep;
  private final long rowStep;

  private Rows(
      @Nullable Tensor tensor,
      @Nullable DeviceMemory memory,
      long offset,
      DType type,
      long expertStep,
      long rowStep) {
    this.tensor = tensor;
    this.memory = memory;
    this.offset = offset;
    this.type = type;
    this.expertStep = expertStep;
    this.rowStep = rowStep;
  }

  /** Takes a matrix, or one per expert; no rows when it is null. */
  static Rows of(@Nullable Tensor tensor) {
    if (tensor == null) {
      return NONE;
    }
    boolean perExpert = tensor.shape().rank() == 3;
    return of(
        tensor, perExpert ? tensor.strides().step(0) : 0, tensor.strides().step(perExpert ? 1 : 0));
  }

  /** Takes a tensor with steps of its own. */
  static Rows of(@Nullable Tensor tensor, long expertStep, long rowStep) {
    return tensor == null ? NONE : new Rows(tensor, null, 0, tensor.dtype(), expertStep, rowStep);
  }

  /** Takes a piece of the workspace. */
  static Rows in(DeviceMemory memory, long offset, DType type, long expertStep, long rowStep) {
    return new Rows(null, memory, offset, type, expertStep, rowStep);
  }

  /** Returns these rows from an element on. */
  Rows from(long element) {
    return new Rows(tensor, memory, offset + type.bytesFor(element), type, expertStep, rowStep);
  }

  /** Returns the element type. */
  DType type() {
    return type;
  }

  /** Gives buffer and first byte. */
  Launch start(Launch launch) {
    if (tensor != null) {
      return launch.tensor(tensor, offset);
    }
    return memory == null ? launch.tensor(null) : launch.memory(memory, offset);
  }

  /** Gives buffer, first byte and both steps. */
  Launch give(Launch launch) {
    return start(launch).i64(expertStep).i64(rowStep);
  }
}

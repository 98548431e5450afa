package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.RowKernels;
import org.touchstone.backends.spi.Memories;

/** Rows of a host tensor with unit inner stride, as FP32. */
final class TensorRows {
  /** Memory from the tensor's first element on. */
  final MemorySegment memory;

  final DType dtype;
  private final long elementBytes;
  private final long pitch;
  private final RowKernels kernels;

  private TensorRows(Tensor tensor, int rowDimension, RowKernels kernels) {
    this.kernels = kernels;
    memory = Memories.host(tensor);
    dtype = tensor.dtype();
    elementBytes = dtype.bits() / Byte.SIZE;
    pitch = tensor.strides().step(rowDimension);
  }

  /** Takes the rows along the first dimension. */
  static TensorRows of(Tensor tensor, RowKernels kernels) {
    return new TensorRows(tensor, 0, kernels);
  }

  /** Returns where an element lies, in bytes. */
  long offset(long row, long element) {
    return (row * pitch + element) * elementBytes;
  }

  /** Reads elements of a row, counted from its first element. */
  void load(long row, long element, float[] to, int at, int count) {
    kernels.load(memory, offset(row, element), dtype, to, at, count);
  }

  /** Writes elements of a row, counted from its first element, rounded to nearest even. */
  void store(long row, long element, float[] from, int at, int count) {
    kernels.store(from, at, memory, offset(row, element), dtype, count);
  }
}

package org.touchstone.backends.cpu.micro;

import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;

/** Brings whole weights, or stacks of them, into the packed layout and back. */
final class NativeTensors {
  private NativeTensors() {}

  /** Which of the two tensors is written. */
  enum Direction {
    PACK,
    UNPACK
  }

  /** Copies between a dense tensor [.., N, K] and a packed one of that shape. */
  static void copy(Tensor plain, Tensor packed, Direction direction, InstructionSet set) {
    Shape shape = plain.shape();
    DType dtype = plain.dtype();
    int rank = shape.rank();
    long n = shape.dim(rank - 2);
    long k = shape.dim(rank - 1);
    long stack = n * k == 0 ? 0 : shape.elements() / (n * k);
    long from = plain.buffer().host().address() + plain.byteOffset();
    long to = packed.buffer().host().address() + packed.byteOffset();
    for (long e = 0; e < stack; e++) {
      if (direction == Direction.PACK) {
        NativeCalls.pack(set.code(), from, n, k, NativeKernels.code(dtype), to);
      } else {
        NativeCalls.unpack(to, n, k, NativeKernels.code(dtype), from);
      }
      from += n * k * dtype.bits() / Byte.SIZE;
      to += PackedWeights.bytes(dtype, n, k);
    }
  }
}

package org.touchstone.backends.opencl.op;

import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;

/** Numbers of element types, as the prelude of the kernels defines them. */
final class TypeNumbers {
  private TypeNumbers() {}

  static int of(Tensor tensor) {
    return of(tensor.dtype());
  }

  static int of(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case E4M3FN -> 3;
      case E5M2 -> 4;
      case E4M3FNUZ -> 5;
      case E5M2FNUZ -> 6;
      case E2M1 -> 7;
      case E8M0 -> 8;
      case I32 -> 9;
      case I64 -> 10;
      case U8 -> 11;
      case I8 -> 12;
      case BOOL -> 13;
    };
  }
}

package org.touchstone.tools.golden;

import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.touchstone.api.format.DType;

/**
 * Element types in Arrow. Arrow has neither BF16 nor the FP8, FP4 and scale formats: these are
 * unsigned integers that hold the bits, two FP4 codes in a byte, the first in the low half.
 */
final class ArrowTypes {
  /** Type of exact values and bounds. */
  static final ArrowType F64 = new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);

  /** Type of codes and indices. */
  static final ArrowType I64 = new ArrowType.Int(Long.SIZE, true);

  /** Key of a field's metadata: the element type as the manifest spells it. */
  static final String DTYPE = "dtype";

  /** Key of a field's metadata: the extents as a JSON array. */
  static final String SHAPE = "shape";

  private ArrowTypes() {}

  static ArrowType of(DType dtype) {
    return switch (dtype) {
      case F32 -> new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
      case F16 -> new ArrowType.FloatingPoint(FloatingPointPrecision.HALF);
      case I32 -> new ArrowType.Int(Integer.SIZE, true);
      case I64 -> I64;
      case I8 -> new ArrowType.Int(Byte.SIZE, true);
      case BF16 -> new ArrowType.Int(Short.SIZE, false);
      case E4M3FN, E5M2, E4M3FNUZ, E5M2FNUZ, E2M1, E8M0, U8, BOOL ->
          new ArrowType.Int(Byte.SIZE, false);
    };
  }
}

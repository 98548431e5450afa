package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.Bf16;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8;

/**
 * Moves rows of unit stride between host memory and FP32 arrays, exactly one way and rounded to
 * nearest even back.
 */
final class FloatRows {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(
          short.class, jdk.incubator.vector.VectorShape.forBitSize(F.vectorBitSize() / 2));
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final float[] E4M3FN = Fp8.decodeTable(DType.E4M3FN);

  private FloatRows() {}

  /** Reads {@code count} elements that start at a byte offset. */
  static void load(
      MemorySegment from, long byteOffset, DType dtype, float[] to, int at, int count) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(from, FLOAT, byteOffset, to, at, count);
      case BF16 -> loadBf16(from, byteOffset, to, at, count);
      case E4M3FN -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = E4M3FN[from.get(ValueLayout.JAVA_BYTE, byteOffset + i) & 0xFF];
        }
      }
      default -> throw new HalException(ErrorCode.INTERNAL, "no SIMD load for " + dtype);
    }
  }

  private static void loadBf16(MemorySegment from, long byteOffset, float[] to, int at, int count) {
    int i = 0;
    for (; i <= count - F.length(); i += F.length()) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(S, from, byteOffset + 2L * i, LE)
                  .convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
      bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, at + i);
    }
    for (; i < count; i++) {
      to[at + i] = Bf16.toFloat(from.get(SHORT, byteOffset + 2L * i));
    }
  }

  /** Writes {@code count} elements, rounded to nearest even, from a byte offset on. */
  static void store(
      float[] from, int at, MemorySegment to, long byteOffset, DType dtype, int count) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(from, at, to, FLOAT, byteOffset, count);
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          to.set(SHORT, byteOffset + 2L * i, Bf16.fromFloat(from[at + i]));
        }
      }
      default -> throw new HalException(ErrorCode.INTERNAL, "no SIMD store for " + dtype);
    }
  }
}

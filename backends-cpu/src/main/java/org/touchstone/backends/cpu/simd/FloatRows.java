package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.Bf16;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8;

/**
 * Moves rows of unit stride between host memory and FP32 arrays: exactly one way, rounded to
 * nearest even back, with the bits of the scalar codecs. Elements keep their order.
 */
final class FloatRows {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, narrower(2));
  private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, narrower(4));

  /** There are no vectors of 32 bits, so FP8 needs floats of at least 256 for a vector of bytes. */
  private static final boolean BYTES_FIT = B.length() == F.length();

  private static final boolean SHORTS_FIT = S.length() == F.length();

  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final float[] E4M3FN = Fp8.decodeTable(DType.E4M3FN);

  /** Sign, exponent and mantissa of an E4M3FN whose byte was sign-extended and shifted by 20. */
  private static final int E4M3_FIELDS = 0x87F0_0000;

  /** The exponent bias of FP32 less that of E4M3, as a factor; exact for subnormals too. */
  private static final float E4M3_REBIAS = 0x1p120f;

  private static final int INFINITY_BITS = 0x7F80_0000;
  private static final int BF16_NAN = 0x7FC0;

  private FloatRows() {}

  private static VectorShape narrower(int times) {
    return VectorShape.forBitSize(
        Math.max(64, FloatVector.SPECIES_PREFERRED.vectorBitSize() / times));
  }

  /** Reads {@code count} elements of F32, BF16, F16 or E4M3FN that start at a byte offset. */
  static void load(
      MemorySegment from, long byteOffset, DType dtype, float[] to, int at, int count) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(from, FLOAT, byteOffset, to, at, count);
      case BF16 -> loadBf16(from, byteOffset, to, at, count);
      case F16 -> loadF16(from, byteOffset, to, at, count);
      case E4M3FN -> loadE4m3(from, byteOffset, to, at, count);
      default -> throw new HalException(ErrorCode.INTERNAL, "no SIMD load for " + dtype);
    }
  }

  private static void loadBf16(MemorySegment from, long byteOffset, float[] to, int at, int count) {
    int i = 0;
    if (SHORTS_FIT) {
      for (; i <= count - F.length(); i += F.length()) {
        IntVector bits =
            (IntVector)
                ShortVector.fromMemorySegment(S, from, byteOffset + 2L * i, LE)
                    .convertShape(VectorOperators.S2I, I, 0);
        bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, at + i);
      }
    }
    for (; i < count; i++) {
      to[at + i] = Bf16.toFloat(from.get(SHORT, byteOffset + 2L * i));
    }
  }

  private static void loadF16(MemorySegment from, long byteOffset, float[] to, int at, int count) {
    for (int i = 0; i < count; i++) {
      to[at + i] = Float.float16ToFloat(from.get(SHORT, byteOffset + 2L * i));
    }
  }

  private static void loadE4m3(MemorySegment from, long byteOffset, float[] to, int at, int count) {
    int i = 0;
    if (BYTES_FIT) {
      for (; i <= count - F.length(); i += F.length()) {
        IntVector code =
            (IntVector)
                ByteVector.fromMemorySegment(B, from, byteOffset + i, LE)
                    .convertShape(VectorOperators.B2I, I, 0);
        VectorMask<Float> nan =
            code.and(0x7F).compare(VectorOperators.EQ, 0x7F).cast(FloatVector.SPECIES_PREFERRED);
        code.lanewise(VectorOperators.LSHL, 20)
            .and(E4M3_FIELDS)
            .reinterpretAsFloats()
            .mul(E4M3_REBIAS)
            .blend(Float.NaN, nan)
            .intoArray(to, at + i);
      }
    }
    for (; i < count; i++) {
      to[at + i] = E4M3FN[from.get(ValueLayout.JAVA_BYTE, byteOffset + i) & 0xFF];
    }
  }

  /** Writes {@code count} elements as F32 or BF16, rounded to nearest even, from a byte offset. */
  static void store(
      float[] from, int at, MemorySegment to, long byteOffset, DType dtype, int count) {
    switch (dtype) {
      case F32 -> MemorySegment.copy(from, at, to, FLOAT, byteOffset, count);
      case BF16 -> storeBf16(from, at, to, byteOffset, count);
      default -> throw new HalException(ErrorCode.INTERNAL, "no SIMD store for " + dtype);
    }
  }

  private static void storeBf16(
      float[] from, int at, MemorySegment to, long byteOffset, int count) {
    int i = 0;
    if (SHORTS_FIT) {
      for (; i <= count - F.length(); i += F.length()) {
        IntVector bits = FloatVector.fromArray(F, from, at + i).reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7FFF).add(odd).lanewise(VectorOperators.LSHR, 16);
        VectorMask<Integer> nan =
            bits.and(Integer.MAX_VALUE).compare(VectorOperators.GT, INFINITY_BITS);
        ((ShortVector) rounded.blend(BF16_NAN, nan).convertShape(VectorOperators.I2S, S, 0))
            .intoMemorySegment(to, byteOffset + 2L * i, LE);
      }
    }
    for (; i < count; i++) {
      to.set(SHORT, byteOffset + 2L * i, Bf16.fromFloat(from[at + i]));
    }
  }
}

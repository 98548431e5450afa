package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
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
 * Unpacks rows of a product's operands into FP32 panels, in the order in which whole vectors of a
 * type come apart. A dot product does not care for the order as long as both rows have the same:
 * within each group of {@code g} vectors, element {@code g l + j} becomes lane l of vector j, with
 * g = 4 for E4M3FN, 2 for BF16 and 1 for F32. Rows end with zeros up to a whole group.
 */
final class OperandPanels {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Byte> B = ByteVector.SPECIES_PREFERRED;
  private static final int LANES = F.length();
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final float[] E4M3FN = Fp8.decodeTable(DType.E4M3FN);

  /** Magnitude of the two NaN codes of E4M3FN. */
  static final byte E4M3_NAN = 0x7F;

  /**
   * Sign, exponent and mantissa of an E4M3FN within the bits of an FP32 whose exponent still has
   * the narrow bias.
   */
  static final int E4M3_FIELDS = 0x87F0_0000;

  /** The exponent bias of FP32 less that of E4M3FN, as a factor; exact for subnormals too. */
  static final float E4M3_REBIAS = 0x1p120f;

  /** The upper BF16 of a pair. */
  static final int BF16_ODD = 0xFFFF_0000;

  private OperandPanels() {}

  /** Returns the elements of a group. */
  static int group(DType dtype) {
    return LANES * vectors(dtype);
  }

  private static int vectors(DType dtype) {
    return switch (dtype) {
      case F32 -> 1;
      case BF16 -> 2;
      case E4M3FN -> 4;
      default -> throw new HalException(ErrorCode.INTERNAL, "no panels of " + dtype);
    };
  }

  /** Returns the floats that a row of {@code count} elements takes. */
  static int padded(DType dtype, int count) {
    return Math.ceilDiv(count, group(dtype)) * group(dtype);
  }

  /**
   * Unpacks {@code count} elements that start at a byte offset. A NaN among E4M3FN elements appears
   * at the row's start instead of its own place, which a dot product cannot tell.
   */
  static void load(
      MemorySegment from, long byteOffset, DType dtype, float[] to, int at, int count) {
    int whole = count - count % group(dtype);
    Arrays.fill(to, at + whole, at + padded(dtype, count), 0f);
    switch (dtype) {
      case F32 -> MemorySegment.copy(from, FLOAT, byteOffset, to, at, count);
      case BF16 -> {
        pairs(from, byteOffset, to, at, whole);
        for (int i = whole; i < count; i++) {
          to[at + place(i - whole, 2) + whole] = Bf16.toFloat(from.get(SHORT, byteOffset + 2L * i));
        }
      }
      case E4M3FN -> {
        byte largest = quads(from, byteOffset, to, at, whole);
        for (int i = whole; i < count; i++) {
          to[at + place(i - whole, 4) + whole] =
              E4M3FN[from.get(ValueLayout.JAVA_BYTE, byteOffset + i) & 0xFF];
        }
        if (largest == E4M3_NAN) {
          to[at] = Float.NaN;
        }
      }
      default -> throw new HalException(ErrorCode.INTERNAL, "no panels of " + dtype);
    }
  }

  /** Brings {@code count} floats into the order of rows of another type. */
  static void reorder(DType order, float[] from, int fromAt, float[] to, int at, int count) {
    int vectors = vectors(order);
    int group = LANES * vectors;
    int padded = padded(order, count);
    for (int base = 0; base < padded; base += group) {
      for (int i = base; i < base + group; i++) {
        to[at + base + place(i - base, vectors)] = i < count ? from[fromAt + i] : 0f;
      }
    }
  }

  /** Returns where element i of a group goes. */
  private static int place(int i, int vectors) {
    return i % vectors * LANES + i / vectors;
  }

  private static void pairs(MemorySegment from, long byteOffset, float[] to, int at, int count) {
    for (int i = 0; i < count; i += 2 * LANES) {
      IntVector pair = IntVector.fromMemorySegment(I, from, byteOffset + 2L * i, LE);
      pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(to, at + i);
      pair.and(BF16_ODD).reinterpretAsFloats().intoArray(to, at + i + LANES);
    }
  }

  /** Returns the largest magnitude code. */
  private static byte quads(MemorySegment from, long byteOffset, float[] to, int at, int count) {
    ByteVector largest = ByteVector.zero(B);
    for (int i = 0; i < count; i += 4 * LANES) {
      ByteVector codes = ByteVector.fromMemorySegment(B, from, byteOffset + i, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      // Shifts of 16-bit halves serve two bytes at once; AVX2 has none of single bytes.
      ShortVector halves = codes.reinterpretAsShorts();
      IntVector odd = halves.lanewise(VectorOperators.ASHR, 4).reinterpretAsInts();
      IntVector even =
          halves
              .lanewise(VectorOperators.LSHL, 8)
              .lanewise(VectorOperators.ASHR, 4)
              .reinterpretAsInts();
      even.lanewise(VectorOperators.LSHL, 16)
          .and(E4M3_FIELDS)
          .reinterpretAsFloats()
          .mul(E4M3_REBIAS)
          .intoArray(to, at + i);
      odd.lanewise(VectorOperators.LSHL, 16)
          .and(E4M3_FIELDS)
          .reinterpretAsFloats()
          .mul(E4M3_REBIAS)
          .intoArray(to, at + i + LANES);
      even.and(E4M3_FIELDS)
          .reinterpretAsFloats()
          .mul(E4M3_REBIAS)
          .intoArray(to, at + i + 2 * LANES);
      odd.and(E4M3_FIELDS).reinterpretAsFloats().mul(E4M3_REBIAS).intoArray(to, at + i + 3 * LANES);
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }
}

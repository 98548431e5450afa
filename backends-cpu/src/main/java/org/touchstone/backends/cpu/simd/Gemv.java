package org.touchstone.backends.cpu.simd;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static org.touchstone.backends.cpu.simd.OperandPanels.BF16_ODD;
import static org.touchstone.backends.cpu.simd.OperandPanels.E4M3_FIELDS;
import static org.touchstone.backends.cpu.simd.OperandPanels.E4M3_NAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.DType;

/**
 * The product of one row with four rows of a weight, which is unpacked in registers: a weight that
 * is used once is not worth a panel. The sums have the bits of {@link GemmTiles} on {@link
 * OperandPanels}.
 *
 * <p>E4M3FN weights keep their narrow exponent bias, which makes them smaller by 2^120, and the row
 * is {@link #rowFactor} times larger. Both are powers of two, no product leaves the normal range,
 * and so one multiplication per block undoes them exactly.
 */
final class Gemv {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Byte> B = ByteVector.SPECIES_PREFERRED;
  private static final int LANES = F.length();
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

  /** Rows of the weight that one call takes. */
  static final int ROWS = 4;

  private static final float RAISED = 0x1p60f;
  private static final float UNDO = 0x1p60f;

  private Gemv() {}

  /** Returns what the row must be multiplied by beforehand, a power of two. */
  static float rowFactor(DType weight) {
    return weight == DType.E4M3FN ? RAISED : 1;
  }

  /**
   * Adds the products, block by block: lanes add up their own products of a block, then the block's
   * sum times its scale is added to {@code sums[at + j LANES]} for the four weight rows j.
   *
   * @param a the row, in the order of {@link OperandPanels}, times {@link #rowFactor}
   * @param b0 byte offset of the first weight row; b1, b2 and b3 of the others
   * @param k a multiple of {@link OperandPanels#group}
   * @param block a power of two and a multiple of that, too
   * @param scales one factor per block, from {@code scaleAt} on
   */
  static void add(
      DType dtype,
      float[] a,
      int aAt,
      MemorySegment b,
      long b0,
      long b1,
      long b2,
      long b3,
      int k,
      int block,
      float[] scales,
      int scaleAt,
      float[] sums,
      int at) {
    switch (dtype) {
      case F32 -> f32(a, aAt, b, b0, b1, b2, b3, k, block, scales, scaleAt, sums, at);
      case BF16 -> bf16(a, aAt, b, b0, b1, b2, b3, k, block, scales, scaleAt, sums, at);
      case E4M3FN -> {
        if (e4m3(a, aAt, b, b0, b1, b2, b3, k, block, scales, scaleAt, sums, at) == E4M3_NAN) {
          poison(b, b0, k, sums, at);
          poison(b, b1, k, sums, at + LANES);
          poison(b, b2, k, sums, at + 2 * LANES);
          poison(b, b3, k, sums, at + 3 * LANES);
        }
      }
      default -> throw new HalException(ErrorCode.INTERNAL, "no product with weights of " + dtype);
    }
  }

  /** Makes the sums of a weight row NaN when it holds one: unpacking makes it an ordinary 480. */
  private static void poison(MemorySegment b, long row, int k, float[] sums, int at) {
    for (int p = 0; p < k; p++) {
      if ((b.get(ValueLayout.JAVA_BYTE, row + p) & E4M3_NAN) == E4M3_NAN) {
        Arrays.fill(sums, at, at + LANES, Float.NaN);
        return;
      }
    }
  }

  private static void f32(
      float[] a,
      int aAt,
      MemorySegment b,
      long b0,
      long b1,
      long b2,
      long b3,
      int k,
      int block,
      float[] scales,
      int scaleAt,
      float[] sums,
      int at) {
    int index = scaleAt;
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (int p = 0; p < k; p += LANES) {
      FloatVector x0 = FloatVector.fromArray(F, a, aAt + p);
      c0 = FloatVector.fromMemorySegment(F, b, b0 + 4L * p, LE).fma(x0, c0);
      c1 = FloatVector.fromMemorySegment(F, b, b1 + 4L * p, LE).fma(x0, c1);
      c2 = FloatVector.fromMemorySegment(F, b, b2 + 4L * p, LE).fma(x0, c2);
      c3 = FloatVector.fromMemorySegment(F, b, b3 + 4L * p, LE).fma(x0, c3);
      if (((p + LANES) & (block - 1)) == 0) {
        FloatVector s = FloatVector.broadcast(F, scales[index]);
        c0.fma(s, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
        c1.fma(s, FloatVector.fromArray(F, sums, at + LANES)).intoArray(sums, at + LANES);
        c2.fma(s, FloatVector.fromArray(F, sums, at + 2 * LANES)).intoArray(sums, at + 2 * LANES);
        c3.fma(s, FloatVector.fromArray(F, sums, at + 3 * LANES)).intoArray(sums, at + 3 * LANES);
        index++;
        c0 = FloatVector.zero(F);
        c1 = FloatVector.zero(F);
        c2 = FloatVector.zero(F);
        c3 = FloatVector.zero(F);
      }
    }
    if ((k & (block - 1)) != 0) {
      FloatVector s = FloatVector.broadcast(F, scales[index]);
      c0.fma(s, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
      c1.fma(s, FloatVector.fromArray(F, sums, at + LANES)).intoArray(sums, at + LANES);
      c2.fma(s, FloatVector.fromArray(F, sums, at + 2 * LANES)).intoArray(sums, at + 2 * LANES);
      c3.fma(s, FloatVector.fromArray(F, sums, at + 3 * LANES)).intoArray(sums, at + 3 * LANES);
    }
  }

  private static void bf16(
      float[] a,
      int aAt,
      MemorySegment b,
      long b0,
      long b1,
      long b2,
      long b3,
      int k,
      int block,
      float[] scales,
      int scaleAt,
      float[] sums,
      int at) {
    int index = scaleAt;
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (int p = 0; p < k; p += 2 * LANES) {
      FloatVector x0 = FloatVector.fromArray(F, a, aAt + p);
      FloatVector x1 = FloatVector.fromArray(F, a, aAt + p + LANES);
      IntVector pair = IntVector.fromMemorySegment(I, b, b0 + 2L * p, LE);
      c0 = pair.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, c0);
      c0 = pair.and(BF16_ODD).reinterpretAsFloats().fma(x1, c0);
      pair = IntVector.fromMemorySegment(I, b, b1 + 2L * p, LE);
      c1 = pair.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, c1);
      c1 = pair.and(BF16_ODD).reinterpretAsFloats().fma(x1, c1);
      pair = IntVector.fromMemorySegment(I, b, b2 + 2L * p, LE);
      c2 = pair.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, c2);
      c2 = pair.and(BF16_ODD).reinterpretAsFloats().fma(x1, c2);
      pair = IntVector.fromMemorySegment(I, b, b3 + 2L * p, LE);
      c3 = pair.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, c3);
      c3 = pair.and(BF16_ODD).reinterpretAsFloats().fma(x1, c3);
      if (((p + 2 * LANES) & (block - 1)) == 0) {
        FloatVector s = FloatVector.broadcast(F, scales[index]);
        c0.fma(s, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
        c1.fma(s, FloatVector.fromArray(F, sums, at + LANES)).intoArray(sums, at + LANES);
        c2.fma(s, FloatVector.fromArray(F, sums, at + 2 * LANES)).intoArray(sums, at + 2 * LANES);
        c3.fma(s, FloatVector.fromArray(F, sums, at + 3 * LANES)).intoArray(sums, at + 3 * LANES);
        index++;
        c0 = FloatVector.zero(F);
        c1 = FloatVector.zero(F);
        c2 = FloatVector.zero(F);
        c3 = FloatVector.zero(F);
      }
    }
    if ((k & (block - 1)) != 0) {
      FloatVector s = FloatVector.broadcast(F, scales[index]);
      c0.fma(s, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
      c1.fma(s, FloatVector.fromArray(F, sums, at + LANES)).intoArray(sums, at + LANES);
      c2.fma(s, FloatVector.fromArray(F, sums, at + 2 * LANES)).intoArray(sums, at + 2 * LANES);
      c3.fma(s, FloatVector.fromArray(F, sums, at + 3 * LANES)).intoArray(sums, at + 3 * LANES);
    }
  }

  private static byte e4m3(
      float[] a,
      int aAt,
      MemorySegment b,
      long b0,
      long b1,
      long b2,
      long b3,
      int k,
      int block,
      float[] scales,
      int scaleAt,
      float[] sums,
      int at) {
    ByteVector largest = ByteVector.zero(B);
    int index = scaleAt;
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (int p = 0; p < k; p += 4 * LANES) {
      FloatVector x0 = FloatVector.fromArray(F, a, aAt + p);
      FloatVector x1 = FloatVector.fromArray(F, a, aAt + p + LANES);
      FloatVector x2 = FloatVector.fromArray(F, a, aAt + p + 2 * LANES);
      FloatVector x3 = FloatVector.fromArray(F, a, aAt + p + 3 * LANES);
      ByteVector codes = ByteVector.fromMemorySegment(B, b, b0 + p, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      ShortVector halves = codes.reinterpretAsShorts();
      IntVector odd = halves.lanewise(ASHR, 4).reinterpretAsInts();
      IntVector even = halves.lanewise(LSHL, 8).lanewise(ASHR, 4).reinterpretAsInts();
      c0 = even.lanewise(LSHL, 16).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c0);
      c0 = odd.lanewise(LSHL, 16).and(E4M3_FIELDS).reinterpretAsFloats().fma(x1, c0);
      c0 = even.and(E4M3_FIELDS).reinterpretAsFloats().fma(x2, c0);
      c0 = odd.and(E4M3_FIELDS).reinterpretAsFloats().fma(x3, c0);
      codes = ByteVector.fromMemorySegment(B, b, b1 + p, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      odd = halves.lanewise(ASHR, 4).reinterpretAsInts();
      even = halves.lanewise(LSHL, 8).lanewise(ASHR, 4).reinterpretAsInts();
      c1 = even.lanewise(LSHL, 16).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c1);
      c1 = odd.lanewise(LSHL, 16).and(E4M3_FIELDS).reinterpretAsFloats().fma(x1, c1);
      c1 = even.and(E4M3_FIELDS).reinterpretAsFloats().fma(x2, c1);
      c1 = odd.and(E4M3_FIELDS).reinterpretAsFloats().fma(x3, c1);
      codes = ByteVector.fromMemorySegment(B, b, b2 + p, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      odd = halves.lanewise(ASHR, 4).reinterpretAsInts();
      even = halves.lanewise(LSHL, 8).lanewise(ASHR, 4).reinterpretAsInts();
      c2 = even.lanewise(LSHL, 16).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c2);
      c2 = odd.lanewise(LSHL, 16).and(E4M3_FIELDS).reinterpretAsFloats().fma(x1, c2);
      c2 = even.and(E4M3_FIELDS).reinterpretAsFloats().fma(x2, c2);
      c2 = odd.and(E4M3_FIELDS).reinterpretAsFloats().fma(x3, c2);
      codes = ByteVector.fromMemorySegment(B, b, b3 + p, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      odd = halves.lanewise(ASHR, 4).reinterpretAsInts();
      even = halves.lanewise(LSHL, 8).lanewise(ASHR, 4).reinterpretAsInts();
      c3 = even.lanewise(LSHL, 16).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c3);
      c3 = odd.lanewise(LSHL, 16).and(E4M3_FIELDS).reinterpretAsFloats().fma(x1, c3);
      c3 = even.and(E4M3_FIELDS).reinterpretAsFloats().fma(x2, c3);
      c3 = odd.and(E4M3_FIELDS).reinterpretAsFloats().fma(x3, c3);
      if (((p + 4 * LANES) & (block - 1)) == 0) {
        FloatVector s = FloatVector.broadcast(F, scales[index]);
        c0.mul(UNDO).fma(s, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
        c1.mul(UNDO).fma(s, FloatVector.fromArray(F, sums, at + LANES)).intoArray(sums, at + LANES);
        c2.mul(UNDO)
            .fma(s, FloatVector.fromArray(F, sums, at + 2 * LANES))
            .intoArray(sums, at + 2 * LANES);
        c3.mul(UNDO)
            .fma(s, FloatVector.fromArray(F, sums, at + 3 * LANES))
            .intoArray(sums, at + 3 * LANES);
        index++;
        c0 = FloatVector.zero(F);
        c1 = FloatVector.zero(F);
        c2 = FloatVector.zero(F);
        c3 = FloatVector.zero(F);
      }
    }
    if ((k & (block - 1)) != 0) {
      FloatVector s = FloatVector.broadcast(F, scales[index]);
      c0.mul(UNDO).fma(s, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
      c1.mul(UNDO).fma(s, FloatVector.fromArray(F, sums, at + LANES)).intoArray(sums, at + LANES);
      c2.mul(UNDO)
          .fma(s, FloatVector.fromArray(F, sums, at + 2 * LANES))
          .intoArray(sums, at + 2 * LANES);
      c3.mul(UNDO)
          .fma(s, FloatVector.fromArray(F, sums, at + 3 * LANES))
          .intoArray(sums, at + 3 * LANES);
    }
    return largest.reduceLanes(MAX);
  }
}

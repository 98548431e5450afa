package org.touchstone.backends.cpu.simd;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.touchstone.backends.cpu.simd.ProductLanes.B;
import static org.touchstone.backends.cpu.simd.ProductLanes.BF16_ODD;
import static org.touchstone.backends.cpu.simd.ProductLanes.E4M3_FIELDS;
import static org.touchstone.backends.cpu.simd.ProductLanes.E4M3_NAN;
import static org.touchstone.backends.cpu.simd.ProductLanes.F;
import static org.touchstone.backends.cpu.simd.ProductLanes.FIRST_PAIR;
import static org.touchstone.backends.cpu.simd.ProductLanes.I;
import static org.touchstone.backends.cpu.simd.ProductLanes.LANES;
import static org.touchstone.backends.cpu.simd.ProductLanes.LE;
import static org.touchstone.backends.cpu.simd.ProductLanes.SECOND_PAIR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.micro.Weight;

/**
 * The product of one or two rows with four vectors of columns of a packed block, unpacked in
 * registers: for so few rows a panel costs more than the multiplication. The sums have the bits of
 * {@link PanelTiles}.
 */
final class FusedRows {
  /** Columns that one call takes. */
  static final int COLUMNS = 4 * LANES;

  private FusedRows() {}

  /** Returns the most rows that are multiplied faster here than by a panel. */
  static int most(DType dtype) {
    return dtype == DType.E4M3FN ? 4 : 2;
  }

  /**
   * Adds the products of {@code m} rows with a block: what {@link PanelTiles#add} does for panels.
   *
   * @return whether there was a NaN among E4M3FN elements, which counts as 480
   */
  static boolean add(
      DType dtype,
      MemorySegment b,
      long bAt,
      float[] a,
      int aAt,
      int m,
      float[] scales,
      float[] c,
      int at,
      int stride) {
    boolean found = false;
    int rows;
    for (int i = 0; i < m; i += rows) {
      rows = dtype == DType.E4M3FN && i + 1 < m ? 2 : 1;
      int row = aAt + i * Weight.BLOCK;
      for (int j = 0; j < PackedWeights.ROWS; j += COLUMNS) {
        long from = bAt + 4L * j;
        int to = at + i * stride + j;
        switch (dtype) {
          case F32 -> f32(b, from, a, row, scales[i], c, to);
          case BF16 -> bf16(b, from, a, row, scales[i], c, to);
          case E4M3FN ->
              found |=
                  rows == 2
                      ? e4m3Pair(b, from, a, row, scales[i], scales[i + 1], c, to, stride)
                      : e4m3(b, from, a, row, scales[i], c, to);
          default -> throw new HalException(ErrorCode.INTERNAL, "no product with " + dtype);
        }
      }
    }
    return found;
  }

  /**
   * Adds a row's products with F32 elements to {@code c[at ..]}.
   *
   * @param b the block's bytes from {@code bAt} on, those of the first column
   * @param a the row's elements from {@code aAt} on
   */
  static void f32(MemorySegment b, long bAt, float[] a, int aAt, float scale0, float[] c, int at) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c02 = FloatVector.zero(F);
    FloatVector c03 = FloatVector.zero(F);
    for (int k = 0; k < Weight.BLOCK; k++) {
      long p = bAt + 256L * k;
      FloatVector x = FloatVector.broadcast(F, a[aAt + k]);
      c00 = FloatVector.fromMemorySegment(F, b, p, LE).fma(x, c00);
      c01 = FloatVector.fromMemorySegment(F, b, p + 4L * LANES, LE).fma(x, c01);
      c02 = FloatVector.fromMemorySegment(F, b, p + 8L * LANES, LE).fma(x, c02);
      c03 = FloatVector.fromMemorySegment(F, b, p + 12L * LANES, LE).fma(x, c03);
    }
    FloatVector s = FloatVector.broadcast(F, scale0);
    c00.fma(s, FloatVector.fromArray(F, c, at)).intoArray(c, at);
    c01.fma(s, FloatVector.fromArray(F, c, at + LANES)).intoArray(c, at + LANES);
    c02.fma(s, FloatVector.fromArray(F, c, at + 2 * LANES)).intoArray(c, at + 2 * LANES);
    c03.fma(s, FloatVector.fromArray(F, c, at + 3 * LANES)).intoArray(c, at + 3 * LANES);
  }

  /**
   * Adds a row's products with BF16 elements to {@code c[at ..]}.
   *
   * @param b the block's bytes from {@code bAt} on, those of the first column
   * @param a the row's elements from {@code aAt} on
   */
  static void bf16(MemorySegment b, long bAt, float[] a, int aAt, float scale0, float[] c, int at) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c02 = FloatVector.zero(F);
    FloatVector c03 = FloatVector.zero(F);
    for (int k = 0; k < Weight.BLOCK; k += 2) {
      long p = bAt + 128L * k;
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + k]);
      FloatVector x1 = FloatVector.broadcast(F, a[aAt + k + 1]);
      IntVector y0 = IntVector.fromMemorySegment(I, b, p, LE);
      IntVector y1 = IntVector.fromMemorySegment(I, b, p + 4L * LANES, LE);
      IntVector y2 = IntVector.fromMemorySegment(I, b, p + 8L * LANES, LE);
      IntVector y3 = IntVector.fromMemorySegment(I, b, p + 12L * LANES, LE);
      c00 = y0.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, c00);
      c01 = y1.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, c01);
      c02 = y2.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, c02);
      c03 = y3.lanewise(LSHL, 16).reinterpretAsFloats().fma(x0, c03);
      c00 = y0.and(BF16_ODD).reinterpretAsFloats().fma(x1, c00);
      c01 = y1.and(BF16_ODD).reinterpretAsFloats().fma(x1, c01);
      c02 = y2.and(BF16_ODD).reinterpretAsFloats().fma(x1, c02);
      c03 = y3.and(BF16_ODD).reinterpretAsFloats().fma(x1, c03);
    }
    FloatVector s = FloatVector.broadcast(F, scale0);
    c00.fma(s, FloatVector.fromArray(F, c, at)).intoArray(c, at);
    c01.fma(s, FloatVector.fromArray(F, c, at + LANES)).intoArray(c, at + LANES);
    c02.fma(s, FloatVector.fromArray(F, c, at + 2 * LANES)).intoArray(c, at + 2 * LANES);
    c03.fma(s, FloatVector.fromArray(F, c, at + 3 * LANES)).intoArray(c, at + 3 * LANES);
  }

  /**
   * Adds a row's products with E4M3FN elements to {@code c[at ..]}.
   *
   * @param b the block's bytes from {@code bAt} on, those of the first column
   * @param a the row's elements from {@code aAt} on, {@link BlockPanels#RAISED}
   * @return whether there was a NaN, which counts as 480
   */
  static boolean e4m3(
      MemorySegment b, long bAt, float[] a, int aAt, float scale0, float[] c, int at) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c02 = FloatVector.zero(F);
    FloatVector c03 = FloatVector.zero(F);
    ByteVector largest = ByteVector.zero(B);
    for (int k = 0; k < Weight.BLOCK; k += 4) {
      long p = bAt + 64L * k;
      ByteVector codes = ByteVector.fromMemorySegment(B, b, p, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      ShortVector halves = codes.reinterpretAsShorts();
      IntVector y0 = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
      IntVector z0 = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
      codes = ByteVector.fromMemorySegment(B, b, p + 4L * LANES, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      IntVector y1 = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
      IntVector z1 = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
      codes = ByteVector.fromMemorySegment(B, b, p + 8L * LANES, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      IntVector y2 = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
      IntVector z2 = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
      codes = ByteVector.fromMemorySegment(B, b, p + 12L * LANES, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      IntVector y3 = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
      IntVector z3 = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + k]);
      c00 =
          y0.lanewise(LSHL, 8)
              .lanewise(ASHR, 4)
              .and(E4M3_FIELDS)
              .reinterpretAsFloats()
              .fma(x0, c00);
      c01 =
          y1.lanewise(LSHL, 8)
              .lanewise(ASHR, 4)
              .and(E4M3_FIELDS)
              .reinterpretAsFloats()
              .fma(x0, c01);
      c02 =
          y2.lanewise(LSHL, 8)
              .lanewise(ASHR, 4)
              .and(E4M3_FIELDS)
              .reinterpretAsFloats()
              .fma(x0, c02);
      c03 =
          y3.lanewise(LSHL, 8)
              .lanewise(ASHR, 4)
              .and(E4M3_FIELDS)
              .reinterpretAsFloats()
              .fma(x0, c03);
      x0 = FloatVector.broadcast(F, a[aAt + k + 1]);
      c00 = y0.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c00);
      c01 = y1.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c01);
      c02 = y2.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c02);
      c03 = y3.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c03);
      x0 = FloatVector.broadcast(F, a[aAt + k + 2]);
      c00 =
          z0.lanewise(LSHL, 8)
              .lanewise(ASHR, 4)
              .and(E4M3_FIELDS)
              .reinterpretAsFloats()
              .fma(x0, c00);
      c01 =
          z1.lanewise(LSHL, 8)
              .lanewise(ASHR, 4)
              .and(E4M3_FIELDS)
              .reinterpretAsFloats()
              .fma(x0, c01);
      c02 =
          z2.lanewise(LSHL, 8)
              .lanewise(ASHR, 4)
              .and(E4M3_FIELDS)
              .reinterpretAsFloats()
              .fma(x0, c02);
      c03 =
          z3.lanewise(LSHL, 8)
              .lanewise(ASHR, 4)
              .and(E4M3_FIELDS)
              .reinterpretAsFloats()
              .fma(x0, c03);
      x0 = FloatVector.broadcast(F, a[aAt + k + 3]);
      c00 = z0.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c00);
      c01 = z1.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c01);
      c02 = z2.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c02);
      c03 = z3.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().fma(x0, c03);
    }
    FloatVector s = FloatVector.broadcast(F, scale0);
    c00.mul(BlockPanels.RAISED).fma(s, FloatVector.fromArray(F, c, at)).intoArray(c, at);
    c01.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, at + LANES))
        .intoArray(c, at + LANES);
    c02.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, at + 2 * LANES))
        .intoArray(c, at + 2 * LANES);
    c03.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, at + 3 * LANES))
        .intoArray(c, at + 3 * LANES);
    return largest.compare(EQ, E4M3_NAN).anyTrue();
  }

  /** Does as {@link #e4m3} for two rows, whose results are {@code stride} apart. */
  static boolean e4m3Pair(
      MemorySegment b,
      long bAt,
      float[] a,
      int aAt,
      float scale0,
      float scale1,
      float[] c,
      int at,
      int stride) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c02 = FloatVector.zero(F);
    FloatVector c03 = FloatVector.zero(F);
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = FloatVector.zero(F);
    FloatVector c12 = FloatVector.zero(F);
    FloatVector c13 = FloatVector.zero(F);
    ByteVector largest = ByteVector.zero(B);
    for (int k = 0; k < Weight.BLOCK; k += 4) {
      long p = bAt + 64L * k;
      ByteVector codes = ByteVector.fromMemorySegment(B, b, p, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      ShortVector halves = codes.reinterpretAsShorts();
      IntVector y0 = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
      IntVector z0 = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
      codes = ByteVector.fromMemorySegment(B, b, p + 4L * LANES, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      IntVector y1 = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
      IntVector z1 = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
      codes = ByteVector.fromMemorySegment(B, b, p + 8L * LANES, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      IntVector y2 = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
      IntVector z2 = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
      codes = ByteVector.fromMemorySegment(B, b, p + 12L * LANES, LE);
      largest = largest.max(codes.and(E4M3_NAN));
      halves = codes.reinterpretAsShorts();
      IntVector y3 = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
      IntVector z3 = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + k]);
      FloatVector x1 = FloatVector.broadcast(F, a[aAt + Weight.BLOCK + k]);
      FloatVector w = y0.lanewise(LSHL, 8).lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c00 = w.fma(x0, c00);
      c10 = w.fma(x1, c10);
      w = y1.lanewise(LSHL, 8).lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c01 = w.fma(x0, c01);
      c11 = w.fma(x1, c11);
      w = y2.lanewise(LSHL, 8).lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c02 = w.fma(x0, c02);
      c12 = w.fma(x1, c12);
      w = y3.lanewise(LSHL, 8).lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c03 = w.fma(x0, c03);
      c13 = w.fma(x1, c13);
      x0 = FloatVector.broadcast(F, a[aAt + k + 1]);
      x1 = FloatVector.broadcast(F, a[aAt + Weight.BLOCK + k + 1]);
      w = y0.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c00 = w.fma(x0, c00);
      c10 = w.fma(x1, c10);
      w = y1.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c01 = w.fma(x0, c01);
      c11 = w.fma(x1, c11);
      w = y2.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c02 = w.fma(x0, c02);
      c12 = w.fma(x1, c12);
      w = y3.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c03 = w.fma(x0, c03);
      c13 = w.fma(x1, c13);
      x0 = FloatVector.broadcast(F, a[aAt + k + 2]);
      x1 = FloatVector.broadcast(F, a[aAt + Weight.BLOCK + k + 2]);
      w = z0.lanewise(LSHL, 8).lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c00 = w.fma(x0, c00);
      c10 = w.fma(x1, c10);
      w = z1.lanewise(LSHL, 8).lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c01 = w.fma(x0, c01);
      c11 = w.fma(x1, c11);
      w = z2.lanewise(LSHL, 8).lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c02 = w.fma(x0, c02);
      c12 = w.fma(x1, c12);
      w = z3.lanewise(LSHL, 8).lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c03 = w.fma(x0, c03);
      c13 = w.fma(x1, c13);
      x0 = FloatVector.broadcast(F, a[aAt + k + 3]);
      x1 = FloatVector.broadcast(F, a[aAt + Weight.BLOCK + k + 3]);
      w = z0.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c00 = w.fma(x0, c00);
      c10 = w.fma(x1, c10);
      w = z1.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c01 = w.fma(x0, c01);
      c11 = w.fma(x1, c11);
      w = z2.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c02 = w.fma(x0, c02);
      c12 = w.fma(x1, c12);
      w = z3.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats();
      c03 = w.fma(x0, c03);
      c13 = w.fma(x1, c13);
    }
    FloatVector s = FloatVector.broadcast(F, scale0);
    c00.mul(BlockPanels.RAISED).fma(s, FloatVector.fromArray(F, c, at)).intoArray(c, at);
    c01.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, at + LANES))
        .intoArray(c, at + LANES);
    c02.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, at + 2 * LANES))
        .intoArray(c, at + 2 * LANES);
    c03.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, at + 3 * LANES))
        .intoArray(c, at + 3 * LANES);
    int next = at + stride;
    s = FloatVector.broadcast(F, scale1);
    c10.mul(BlockPanels.RAISED).fma(s, FloatVector.fromArray(F, c, next)).intoArray(c, next);
    c11.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, next + LANES))
        .intoArray(c, next + LANES);
    c12.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, next + 2 * LANES))
        .intoArray(c, next + 2 * LANES);
    c13.mul(BlockPanels.RAISED)
        .fma(s, FloatVector.fromArray(F, c, next + 3 * LANES))
        .intoArray(c, next + 3 * LANES);
    return largest.compare(EQ, E4M3_NAN).anyTrue();
  }
}

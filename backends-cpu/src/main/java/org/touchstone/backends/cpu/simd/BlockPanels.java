package org.touchstone.backends.cpu.simd;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static org.touchstone.backends.cpu.simd.PanelTiles.COLUMNS;
import static org.touchstone.backends.cpu.simd.PanelTiles.PANEL;
import static org.touchstone.backends.cpu.simd.ProductLanes.B;
import static org.touchstone.backends.cpu.simd.ProductLanes.BF16_ODD;
import static org.touchstone.backends.cpu.simd.ProductLanes.E4M3_FIELDS;
import static org.touchstone.backends.cpu.simd.ProductLanes.E4M3_NAN;
import static org.touchstone.backends.cpu.simd.ProductLanes.FIRST_PAIR;
import static org.touchstone.backends.cpu.simd.ProductLanes.I;
import static org.touchstone.backends.cpu.simd.ProductLanes.LANES;
import static org.touchstone.backends.cpu.simd.ProductLanes.LE;
import static org.touchstone.backends.cpu.simd.ProductLanes.SECOND_PAIR;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.micro.Weight;

/**
 * Unpacks blocks of packed weights into FP32 panels of {@link PanelTiles#COLUMNS} columns, element
 * by element of all columns.
 *
 * <p>E4M3FN weights keep their narrow exponent bias, which makes them smaller by 2^120; rows are
 * {@link #RAISED} and a block's sum is too: all of them are powers of two and no product leaves the
 * normal range, so nothing is rounded.
 */
final class BlockPanels {
  /** What rows for E4M3FN weights, and once more the sums of a block, are multiplied by. */
  static final float RAISED = 0x1p60f;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private BlockPanels() {}

  /** Returns what rows, and again the sums of a block, are multiplied by. */
  static float factor(DType weight) {
    return weight == DType.E4M3FN ? RAISED : 1;
  }

  /**
   * Unpacks a block into as many panels as it has.
   *
   * @return whether there was a NaN among E4M3FN elements, which becomes 480
   */
  static boolean unpack(DType dtype, MemorySegment from, long at, float[] to) {
    boolean found = false;
    for (int g = 0; g < PackedWeights.ROWS / COLUMNS; g++) {
      long first = at + (long) g * COLUMNS * 4;
      switch (dtype) {
        case F32 -> f32(from, first, to, g * PANEL);
        case BF16 -> bf16(from, first, to, g * PANEL);
        case E4M3FN -> found |= e4m3(from, first, to, g * PANEL);
        default -> throw new HalException(ErrorCode.INTERNAL, "no panels of " + dtype);
      }
    }
    return found;
  }

  private static void f32(MemorySegment from, long at, float[] to, int toAt) {
    for (int k = 0; k < Weight.BLOCK; k++) {
      MemorySegment.copy(from, FLOAT, at + 256L * k, to, toAt + k * COLUMNS, COLUMNS);
    }
  }

  private static void bf16(MemorySegment from, long at, float[] to, int toAt) {
    for (int k = 0; k < Weight.BLOCK; k += 2) {
      int p = toAt + k * COLUMNS;
      IntVector x = IntVector.fromMemorySegment(I, from, at + 128L * k, LE);
      IntVector y = IntVector.fromMemorySegment(I, from, at + 128L * k + 4L * LANES, LE);
      x.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(to, p);
      y.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(to, p + LANES);
      x.and(BF16_ODD).reinterpretAsFloats().intoArray(to, p + COLUMNS);
      y.and(BF16_ODD).reinterpretAsFloats().intoArray(to, p + COLUMNS + LANES);
    }
  }

  private static boolean e4m3(MemorySegment from, long at, float[] to, int toAt) {
    ByteVector largest = ByteVector.zero(B);
    for (int k = 0; k < Weight.BLOCK; k += 4) {
      for (int v = 0; v < 2; v++) {
        int p = toAt + k * COLUMNS + v * LANES;
        ByteVector codes = ByteVector.fromMemorySegment(B, from, at + 64L * k + 4L * LANES * v, LE);
        largest = largest.max(codes.and(E4M3_NAN));
        ShortVector halves = codes.reinterpretAsShorts();
        IntVector x = halves.rearrange(FIRST_PAIR).reinterpretAsInts();
        IntVector y = halves.rearrange(SECOND_PAIR).reinterpretAsInts();
        x.lanewise(LSHL, 8)
            .lanewise(ASHR, 4)
            .and(E4M3_FIELDS)
            .reinterpretAsFloats()
            .intoArray(to, p);
        x.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().intoArray(to, p + COLUMNS);
        y.lanewise(LSHL, 8)
            .lanewise(ASHR, 4)
            .and(E4M3_FIELDS)
            .reinterpretAsFloats()
            .intoArray(to, p + 2 * COLUMNS);
        y.lanewise(ASHR, 4).and(E4M3_FIELDS).reinterpretAsFloats().intoArray(to, p + 3 * COLUMNS);
      }
    }
    return largest.compare(EQ, E4M3_NAN).anyTrue();
  }
}

package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.cpu.micro.Weight;

/**
 * Brings weights into the order of {@link PackedWeights} and back, in words of four bytes: 4, 2 or
 * 1 elements of a row. A step of a block is a word of each of its 64 rows; the two halves of a word
 * of E4M3FN lie eight bytes apart, between those of the three rows beside it.
 */
final class PackedBlocks {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private static final int STEP_BYTES = 4 * PackedWeights.ROWS;

  private PackedBlocks() {}

  /** Returns the bytes of a block. */
  static int bytes(DType dtype) {
    return PackedWeights.ROWS * Weight.BLOCK * dtype.bits() / Byte.SIZE;
  }

  /** Packs a dense weight, or a stack of them. */
  static void pack(Tensor plain, Tensor packed) {
    MemorySegment from = plain.buffer().host();
    MemorySegment to = packed.buffer().host();
    DType dtype = plain.dtype();
    long pitch = plain.dim(-1) * dtype.bits() / Byte.SIZE;
    forEachBlock(
        plain,
        (rows, columns, plainAt, packedAt) ->
            pack(
                dtype,
                from,
                plain.byteOffset() + plainAt,
                pitch,
                rows,
                columns,
                to,
                packed.byteOffset() + packedAt));
  }

  /** Unpacks into a dense tensor. */
  static void unpack(Tensor packed, Tensor plain) {
    MemorySegment from = packed.buffer().host();
    MemorySegment to = plain.buffer().host();
    DType dtype = plain.dtype();
    long pitch = plain.dim(-1) * dtype.bits() / Byte.SIZE;
    forEachBlock(
        plain,
        (rows, columns, plainAt, packedAt) ->
            unpack(
                dtype,
                from,
                packed.byteOffset() + packedAt,
                rows,
                columns,
                to,
                plain.byteOffset() + plainAt,
                pitch));
  }

  /** Takes a block of so many rows and columns, and where it starts in both tensors. */
  @FunctionalInterface
  private interface BlockVisitor {
    void visit(int rows, int columns, long plainAt, long packedAt);
  }

  private static void forEachBlock(Tensor plain, BlockVisitor visitor) {
    Shape shape = plain.shape();
    long n = plain.dim(-2);
    long k = plain.dim(-1);
    long stack = n * k == 0 ? 0 : shape.elements() / (n * k);
    long elementBytes = plain.dtype().bits() / Byte.SIZE;
    long packedAt = 0;
    for (long e = 0; e < stack; e++) {
      for (long j = 0; j < n; j += PackedWeights.ROWS) {
        for (long p = 0; p < k; p += Weight.BLOCK) {
          visitor.visit(
              (int) Math.min(PackedWeights.ROWS, n - j),
              (int) Math.min(Weight.BLOCK, k - p),
              ((e * n + j) * k + p) * elementBytes,
              packedAt);
          packedAt += bytes(plain.dtype());
        }
      }
    }
  }

  /**
   * Packs up to 64 rows of up to 128 elements; zeros stand for what is missing.
   *
   * @param pitch bytes from row to row
   */
  static void pack(
      DType dtype,
      MemorySegment from,
      long at,
      long pitch,
      int rows,
      int columns,
      MemorySegment to,
      long toAt) {
    int bytes = columns * dtype.bits() / Byte.SIZE;
    if (rows < PackedWeights.ROWS || columns < Weight.BLOCK) {
      to.asSlice(toAt, bytes(dtype)).fill((byte) 0);
    }
    for (int n = 0; n < rows; n++) {
      long row = at + n * pitch;
      int i = 0;
      if (dtype == DType.E4M3FN) {
        long step = toAt + quad(n);
        for (; i <= bytes - 4; i += 4, step += STEP_BYTES) {
          int word = from.get(INT, row + i);
          to.set(SHORT, step, (short) word);
          to.set(SHORT, step + 8, (short) (word >>> 16));
        }
      } else {
        long step = toAt + 4L * n;
        for (; i <= bytes - 4; i += 4, step += STEP_BYTES) {
          to.set(INT, step, from.get(INT, row + i));
        }
      }
      for (; i < bytes; i++) {
        to.set(BYTE, toAt + place(dtype, n, i), from.get(BYTE, row + i));
      }
    }
  }

  private static void unpack(
      DType dtype,
      MemorySegment from,
      long at,
      int rows,
      int columns,
      MemorySegment to,
      long toAt,
      long pitch) {
    int bytes = columns * dtype.bits() / Byte.SIZE;
    for (int n = 0; n < rows; n++) {
      for (int i = 0; i < bytes; i++) {
        to.set(BYTE, toAt + n * pitch + i, from.get(BYTE, at + place(dtype, n, i)));
      }
    }
  }

  /** Returns where the first half of a row's E4M3FN words lies within a step. */
  private static int quad(int n) {
    return n / 4 * 16 + n % 4 * 2;
  }

  /** Returns where byte i of row n lies in a block. */
  private static int place(DType dtype, int n, int i) {
    int within = dtype == DType.E4M3FN ? quad(n) + i % 4 / 2 * 8 + i % 2 : 4 * n + i % 4;
    return i / 4 * STEP_BYTES + within;
  }

  /** Makes the sums of the columns of a block that hold a NaN of E4M3FN NaN. */
  static void poison(MemorySegment block, long at, int m, float[] c, int first, int stride) {
    for (int n = 0; n < PackedWeights.ROWS; n++) {
      for (int k = 0; k < Weight.BLOCK; k++) {
        byte code = block.get(BYTE, at + place(DType.E4M3FN, n, k));
        if ((code & ProductLanes.E4M3_NAN) == ProductLanes.E4M3_NAN) {
          for (int i = 0; i < m; i++) {
            c[first + i * stride + n] = Float.NaN;
          }
          break;
        }
      }
    }
  }
}

package org.touchstone.backends.cpu.simd;

import static org.touchstone.backends.cpu.micro.AttentionTile.KEYS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Transposes blocks of keys, in words of two BF16 elements: a lane becomes a key. Squares of words
 * are transposed in registers, halves of them first: vectors that are a distance apart exchange the
 * lanes that are.
 */
final class KeyPanel {
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final int LANES = I.length();
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LE);

  /** Elements of a key that a square takes. */
  static final int STEP = 2 * LANES;

  private static final IntVector LOWER8 = lower(8);
  private static final IntVector UPPER8 = upper(8);
  private static final IntVector LOWER4 = lower(4);
  private static final IntVector UPPER4 = upper(4);
  private static final IntVector LOWER2 = lower(2);
  private static final IntVector UPPER2 = upper(2);
  private static final IntVector LOWER1 = lower(1);
  private static final IntVector UPPER1 = upper(1);
  private static final VectorShuffle<Integer> SWAP4 =
      VectorShuffle.fromOp(I, lane -> (lane ^ 4) % LANES);
  private static final VectorMask<Integer> ODD4 = odd(4);
  private static final VectorShuffle<Integer> SWAP2 =
      VectorShuffle.fromOp(I, lane -> (lane ^ 2) % LANES);
  private static final VectorMask<Integer> ODD2 = odd(2);
  private static final VectorShuffle<Integer> SWAP1 =
      VectorShuffle.fromOp(I, lane -> (lane ^ 1) % LANES);
  private static final VectorMask<Integer> ODD1 = odd(1);

  private KeyPanel() {}

  /**
   * Chooses of two vectors x, y: x where that bit of the lane is not set, y from before it else.
   */
  private static IntVector lower(int distance) {
    int[] lanes = new int[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      lanes[lane] = (lane & distance) == 0 ? lane : LANES + (lane ^ distance) % LANES;
    }
    return IntVector.fromArray(I, lanes, 0);
  }

  /** Chooses y where that bit is set, and x from behind it else. */
  private static IntVector upper(int distance) {
    int[] lanes = new int[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      lanes[lane] = (lane & distance) == 0 ? (lane ^ distance) % LANES : LANES + lane;
    }
    return IntVector.fromArray(I, lanes, 0);
  }

  private static VectorMask<Integer> odd(int distance) {
    boolean[] bits = new boolean[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      bits[lane] = (lane & distance) != 0;
    }
    return VectorMask.fromArray(I, bits, 0);
  }

  /**
   * Brings elements {@code 2 d} and {@code 2 d + 1} of the keys of a block to {@code panel[d KEYS
   * ..]}, one word per key.
   *
   * @param k the cache; key j is at byte offset {@code at[j]}, places without a key at that of some
   * @param from first key; keys before it may be read, and behind the last one too, but only those
   *     of places below {@link org.touchstone.backends.cpu.micro.AttentionTile#KEYS}
   * @param depth elements of a key, whole steps
   */
  static void transpose(MemorySegment k, long[] at, int from, int to, int depth, int[] panel) {
    for (int j = from - from % LANES; j < to; j += LANES) {
      for (int d = 0; d < depth; d += STEP) {
        int toAt = d / 2 * KEYS + j;
        if (LANES == 16) {
          transpose16(k, at, j, 2L * d, panel, toAt);
        } else if (LANES == 8) {
          transpose8(k, at, j, 2L * d, panel, toAt);
        } else {
          words(k, at, j, 2L * d, panel, toAt);
        }
      }
    }
  }

  private static void words(MemorySegment k, long[] at, int j, long bytes, int[] to, int toAt) {
    for (int i = 0; i < LANES; i++) {
      for (int d = 0; d < LANES; d++) {
        to[toAt + d * KEYS + i] = k.get(WORD, at[j + i] + bytes + 4L * d);
      }
    }
  }

  private static void transpose16(
      MemorySegment k, long[] at, int j, long bytes, int[] to, int toAt) {
    IntVector a0 = IntVector.fromMemorySegment(I, k, at[j] + bytes, LE);
    IntVector a1 = IntVector.fromMemorySegment(I, k, at[j + 1] + bytes, LE);
    IntVector a2 = IntVector.fromMemorySegment(I, k, at[j + 2] + bytes, LE);
    IntVector a3 = IntVector.fromMemorySegment(I, k, at[j + 3] + bytes, LE);
    IntVector a4 = IntVector.fromMemorySegment(I, k, at[j + 4] + bytes, LE);
    IntVector a5 = IntVector.fromMemorySegment(I, k, at[j + 5] + bytes, LE);
    IntVector a6 = IntVector.fromMemorySegment(I, k, at[j + 6] + bytes, LE);
    IntVector a7 = IntVector.fromMemorySegment(I, k, at[j + 7] + bytes, LE);
    IntVector a8 = IntVector.fromMemorySegment(I, k, at[j + 8] + bytes, LE);
    IntVector a9 = IntVector.fromMemorySegment(I, k, at[j + 9] + bytes, LE);
    IntVector a10 = IntVector.fromMemorySegment(I, k, at[j + 10] + bytes, LE);
    IntVector a11 = IntVector.fromMemorySegment(I, k, at[j + 11] + bytes, LE);
    IntVector a12 = IntVector.fromMemorySegment(I, k, at[j + 12] + bytes, LE);
    IntVector a13 = IntVector.fromMemorySegment(I, k, at[j + 13] + bytes, LE);
    IntVector a14 = IntVector.fromMemorySegment(I, k, at[j + 14] + bytes, LE);
    IntVector a15 = IntVector.fromMemorySegment(I, k, at[j + 15] + bytes, LE);
    IntVector b0 = LOWER8.selectFrom(a0, a8);
    IntVector b8 = UPPER8.selectFrom(a0, a8);
    IntVector b1 = LOWER8.selectFrom(a1, a9);
    IntVector b9 = UPPER8.selectFrom(a1, a9);
    IntVector b2 = LOWER8.selectFrom(a2, a10);
    IntVector b10 = UPPER8.selectFrom(a2, a10);
    IntVector b3 = LOWER8.selectFrom(a3, a11);
    IntVector b11 = UPPER8.selectFrom(a3, a11);
    IntVector b4 = LOWER8.selectFrom(a4, a12);
    IntVector b12 = UPPER8.selectFrom(a4, a12);
    IntVector b5 = LOWER8.selectFrom(a5, a13);
    IntVector b13 = UPPER8.selectFrom(a5, a13);
    IntVector b6 = LOWER8.selectFrom(a6, a14);
    IntVector b14 = UPPER8.selectFrom(a6, a14);
    IntVector b7 = LOWER8.selectFrom(a7, a15);
    IntVector b15 = UPPER8.selectFrom(a7, a15);
    IntVector c0 = LOWER4.selectFrom(b0, b4);
    IntVector c4 = UPPER4.selectFrom(b0, b4);
    IntVector c1 = LOWER4.selectFrom(b1, b5);
    IntVector c5 = UPPER4.selectFrom(b1, b5);
    IntVector c2 = LOWER4.selectFrom(b2, b6);
    IntVector c6 = UPPER4.selectFrom(b2, b6);
    IntVector c3 = LOWER4.selectFrom(b3, b7);
    IntVector c7 = UPPER4.selectFrom(b3, b7);
    IntVector c8 = LOWER4.selectFrom(b8, b12);
    IntVector c12 = UPPER4.selectFrom(b8, b12);
    IntVector c9 = LOWER4.selectFrom(b9, b13);
    IntVector c13 = UPPER4.selectFrom(b9, b13);
    IntVector c10 = LOWER4.selectFrom(b10, b14);
    IntVector c14 = UPPER4.selectFrom(b10, b14);
    IntVector c11 = LOWER4.selectFrom(b11, b15);
    IntVector c15 = UPPER4.selectFrom(b11, b15);
    IntVector d0 = LOWER2.selectFrom(c0, c2);
    IntVector d2 = UPPER2.selectFrom(c0, c2);
    IntVector d1 = LOWER2.selectFrom(c1, c3);
    IntVector d3 = UPPER2.selectFrom(c1, c3);
    IntVector d4 = LOWER2.selectFrom(c4, c6);
    IntVector d6 = UPPER2.selectFrom(c4, c6);
    IntVector d5 = LOWER2.selectFrom(c5, c7);
    IntVector d7 = UPPER2.selectFrom(c5, c7);
    IntVector d8 = LOWER2.selectFrom(c8, c10);
    IntVector d10 = UPPER2.selectFrom(c8, c10);
    IntVector d9 = LOWER2.selectFrom(c9, c11);
    IntVector d11 = UPPER2.selectFrom(c9, c11);
    IntVector d12 = LOWER2.selectFrom(c12, c14);
    IntVector d14 = UPPER2.selectFrom(c12, c14);
    IntVector d13 = LOWER2.selectFrom(c13, c15);
    IntVector d15 = UPPER2.selectFrom(c13, c15);
    IntVector e0 = LOWER1.selectFrom(d0, d1);
    IntVector e1 = UPPER1.selectFrom(d0, d1);
    IntVector e2 = LOWER1.selectFrom(d2, d3);
    IntVector e3 = UPPER1.selectFrom(d2, d3);
    IntVector e4 = LOWER1.selectFrom(d4, d5);
    IntVector e5 = UPPER1.selectFrom(d4, d5);
    IntVector e6 = LOWER1.selectFrom(d6, d7);
    IntVector e7 = UPPER1.selectFrom(d6, d7);
    IntVector e8 = LOWER1.selectFrom(d8, d9);
    IntVector e9 = UPPER1.selectFrom(d8, d9);
    IntVector e10 = LOWER1.selectFrom(d10, d11);
    IntVector e11 = UPPER1.selectFrom(d10, d11);
    IntVector e12 = LOWER1.selectFrom(d12, d13);
    IntVector e13 = UPPER1.selectFrom(d12, d13);
    IntVector e14 = LOWER1.selectFrom(d14, d15);
    IntVector e15 = UPPER1.selectFrom(d14, d15);
    e0.intoArray(to, toAt);
    e1.intoArray(to, toAt + KEYS);
    e2.intoArray(to, toAt + 2 * KEYS);
    e3.intoArray(to, toAt + 3 * KEYS);
    e4.intoArray(to, toAt + 4 * KEYS);
    e5.intoArray(to, toAt + 5 * KEYS);
    e6.intoArray(to, toAt + 6 * KEYS);
    e7.intoArray(to, toAt + 7 * KEYS);
    e8.intoArray(to, toAt + 8 * KEYS);
    e9.intoArray(to, toAt + 9 * KEYS);
    e10.intoArray(to, toAt + 10 * KEYS);
    e11.intoArray(to, toAt + 11 * KEYS);
    e12.intoArray(to, toAt + 12 * KEYS);
    e13.intoArray(to, toAt + 13 * KEYS);
    e14.intoArray(to, toAt + 14 * KEYS);
    e15.intoArray(to, toAt + 15 * KEYS);
  }

  private static void transpose8(
      MemorySegment k, long[] at, int j, long bytes, int[] to, int toAt) {
    IntVector a0 = IntVector.fromMemorySegment(I, k, at[j] + bytes, LE);
    IntVector a1 = IntVector.fromMemorySegment(I, k, at[j + 1] + bytes, LE);
    IntVector a2 = IntVector.fromMemorySegment(I, k, at[j + 2] + bytes, LE);
    IntVector a3 = IntVector.fromMemorySegment(I, k, at[j + 3] + bytes, LE);
    IntVector a4 = IntVector.fromMemorySegment(I, k, at[j + 4] + bytes, LE);
    IntVector a5 = IntVector.fromMemorySegment(I, k, at[j + 5] + bytes, LE);
    IntVector a6 = IntVector.fromMemorySegment(I, k, at[j + 6] + bytes, LE);
    IntVector a7 = IntVector.fromMemorySegment(I, k, at[j + 7] + bytes, LE);
    IntVector b0 = a0.blend(a4.rearrange(SWAP4), ODD4);
    IntVector b4 = a0.rearrange(SWAP4).blend(a4, ODD4);
    IntVector b1 = a1.blend(a5.rearrange(SWAP4), ODD4);
    IntVector b5 = a1.rearrange(SWAP4).blend(a5, ODD4);
    IntVector b2 = a2.blend(a6.rearrange(SWAP4), ODD4);
    IntVector b6 = a2.rearrange(SWAP4).blend(a6, ODD4);
    IntVector b3 = a3.blend(a7.rearrange(SWAP4), ODD4);
    IntVector b7 = a3.rearrange(SWAP4).blend(a7, ODD4);
    IntVector c0 = b0.blend(b2.rearrange(SWAP2), ODD2);
    IntVector c2 = b0.rearrange(SWAP2).blend(b2, ODD2);
    IntVector c1 = b1.blend(b3.rearrange(SWAP2), ODD2);
    IntVector c3 = b1.rearrange(SWAP2).blend(b3, ODD2);
    IntVector c4 = b4.blend(b6.rearrange(SWAP2), ODD2);
    IntVector c6 = b4.rearrange(SWAP2).blend(b6, ODD2);
    IntVector c5 = b5.blend(b7.rearrange(SWAP2), ODD2);
    IntVector c7 = b5.rearrange(SWAP2).blend(b7, ODD2);
    IntVector d0 = c0.blend(c1.rearrange(SWAP1), ODD1);
    IntVector d1 = c0.rearrange(SWAP1).blend(c1, ODD1);
    IntVector d2 = c2.blend(c3.rearrange(SWAP1), ODD1);
    IntVector d3 = c2.rearrange(SWAP1).blend(c3, ODD1);
    IntVector d4 = c4.blend(c5.rearrange(SWAP1), ODD1);
    IntVector d5 = c4.rearrange(SWAP1).blend(c5, ODD1);
    IntVector d6 = c6.blend(c7.rearrange(SWAP1), ODD1);
    IntVector d7 = c6.rearrange(SWAP1).blend(c7, ODD1);
    d0.intoArray(to, toAt);
    d1.intoArray(to, toAt + KEYS);
    d2.intoArray(to, toAt + 2 * KEYS);
    d3.intoArray(to, toAt + 3 * KEYS);
    d4.intoArray(to, toAt + 4 * KEYS);
    d5.intoArray(to, toAt + 5 * KEYS);
    d6.intoArray(to, toAt + 6 * KEYS);
    d7.intoArray(to, toAt + 7 * KEYS);
  }
}

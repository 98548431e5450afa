package org.touchstone.backends.cpu.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Adds the lanes of vectors in one fixed order, that of a binary tree: lanes half a vector apart
 * first, neighbours last. {@code FloatVector.reduceLanes} leaves the order open, and interpreted
 * and compiled code differ in it.
 */
final class LaneSums {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = F.length();

  /** Additions that a lane passes through. */
  static final int LEVELS = Integer.numberOfTrailingZeros(LANES);

  private static final VectorShuffle<Float> SWAP8 = swap(8);
  private static final VectorShuffle<Float> SWAP4 = swap(4);
  private static final VectorShuffle<Float> SWAP2 = swap(2);
  private static final VectorShuffle<Float> SWAP1 = swap(1);
  private static final VectorMask<Float> UPPER8 = upper(8);
  private static final VectorMask<Float> UPPER4 = upper(4);
  private static final VectorMask<Float> UPPER2 = upper(2);
  private static final VectorMask<Float> UPPER1 = upper(1);

  private LaneSums() {}

  private static VectorShuffle<Float> swap(int distance) {
    return VectorShuffle.fromOp(F, lane -> (lane ^ distance) % LANES);
  }

  private static VectorMask<Float> upper(int distance) {
    boolean[] bits = new boolean[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      bits[lane] = (lane & distance) != 0;
    }
    return VectorMask.fromArray(F, bits, 0);
  }

  /**
   * Adds up vectors: {@code to[toAt + j]} becomes the sum of {@code from[at + j LANES]} to {@code
   * from[at + (j + 1) LANES - 1]} for {@code j < groups LANES}. One call with several groups is
   * several times faster than several calls: masks and shuffles stay in registers.
   */
  static void add(float[] from, int at, float[] to, int toAt, int groups) {
    if (LANES == 8) {
      add8(from, at, to, toAt, groups);
    } else if (LANES == 16) {
      add16(from, at, to, toAt, groups);
    } else {
      for (int j = 0; j < groups * LANES; j++) {
        to[toAt + j] = sum(from, at + j * LANES);
      }
    }
  }

  private static void add8(float[] from, int start, float[] to, int toStart, int groups) {
    for (int g = 0; g < groups; g++) {
      int at = start + g * LANES * LANES;
      int toAt = toStart + g * LANES;
      FloatVector w0 =
          fold(
              FloatVector.fromArray(F, from, at),
              FloatVector.fromArray(F, from, at + 4 * LANES),
              UPPER4,
              SWAP4);
      FloatVector w1 =
          fold(
              FloatVector.fromArray(F, from, at + LANES),
              FloatVector.fromArray(F, from, at + 5 * LANES),
              UPPER4,
              SWAP4);
      FloatVector w2 =
          fold(
              FloatVector.fromArray(F, from, at + 2 * LANES),
              FloatVector.fromArray(F, from, at + 6 * LANES),
              UPPER4,
              SWAP4);
      FloatVector w3 =
          fold(
              FloatVector.fromArray(F, from, at + 3 * LANES),
              FloatVector.fromArray(F, from, at + 7 * LANES),
              UPPER4,
              SWAP4);
      FloatVector even = fold(w0, w2, UPPER2, SWAP2);
      FloatVector odd = fold(w1, w3, UPPER2, SWAP2);
      fold(even, odd, UPPER1, SWAP1).intoArray(to, toAt);
    }
  }

  private static void add16(float[] from, int start, float[] to, int toStart, int groups) {
    for (int g = 0; g < groups; g++) {
      int at = start + g * LANES * LANES;
      int toAt = toStart + g * LANES;
      FloatVector v0 =
          fold(
              FloatVector.fromArray(F, from, at),
              FloatVector.fromArray(F, from, at + 8 * LANES),
              UPPER8,
              SWAP8);
      FloatVector v1 =
          fold(
              FloatVector.fromArray(F, from, at + LANES),
              FloatVector.fromArray(F, from, at + 9 * LANES),
              UPPER8,
              SWAP8);
      FloatVector v2 =
          fold(
              FloatVector.fromArray(F, from, at + 2 * LANES),
              FloatVector.fromArray(F, from, at + 10 * LANES),
              UPPER8,
              SWAP8);
      FloatVector v3 =
          fold(
              FloatVector.fromArray(F, from, at + 3 * LANES),
              FloatVector.fromArray(F, from, at + 11 * LANES),
              UPPER8,
              SWAP8);
      FloatVector v4 =
          fold(
              FloatVector.fromArray(F, from, at + 4 * LANES),
              FloatVector.fromArray(F, from, at + 12 * LANES),
              UPPER8,
              SWAP8);
      FloatVector v5 =
          fold(
              FloatVector.fromArray(F, from, at + 5 * LANES),
              FloatVector.fromArray(F, from, at + 13 * LANES),
              UPPER8,
              SWAP8);
      FloatVector v6 =
          fold(
              FloatVector.fromArray(F, from, at + 6 * LANES),
              FloatVector.fromArray(F, from, at + 14 * LANES),
              UPPER8,
              SWAP8);
      FloatVector v7 =
          fold(
              FloatVector.fromArray(F, from, at + 7 * LANES),
              FloatVector.fromArray(F, from, at + 15 * LANES),
              UPPER8,
              SWAP8);
      FloatVector w0 = fold(v0, v4, UPPER4, SWAP4);
      FloatVector w1 = fold(v1, v5, UPPER4, SWAP4);
      FloatVector w2 = fold(v2, v6, UPPER4, SWAP4);
      FloatVector w3 = fold(v3, v7, UPPER4, SWAP4);
      FloatVector even = fold(w0, w2, UPPER2, SWAP2);
      FloatVector odd = fold(w1, w3, UPPER2, SWAP2);
      fold(even, odd, UPPER1, SWAP1).intoArray(to, toAt);
    }
  }

  /**
   * Adds lanes that are a distance apart: the sums of {@code x} land in the lanes whose index lacks
   * that bit, those of {@code y} in the others.
   */
  private static FloatVector fold(
      FloatVector x, FloatVector y, VectorMask<Float> upper, VectorShuffle<Float> swap) {
    return x.blend(y, upper).add(y.blend(x, upper).rearrange(swap));
  }

  /** Adds one vector; the bits are those of {@link #add}. */
  static float sum(float[] from, int at) {
    return sum(from, at, LANES, 1);
  }

  private static float sum(float[] from, int at, int lanes, int step) {
    if (lanes == 1) {
      return from[at];
    }
    // Lanes that share their low bits meet first, so the recursion splits by the lowest bit.
    return sum(from, at, lanes / 2, step * 2) + sum(from, at + step, lanes / 2, step * 2);
  }
}

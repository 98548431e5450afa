package org.touchstone.backends.cpu.simd;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.backends.cpu.micro.PackedWeights;

/**
 * Vectors of a matrix product: a lane is a column of the result, which is a row of the weight. They
 * hold whole groups of four columns and four of them at most a panel.
 */
final class ProductLanes {
  private static final VectorShape SHAPE =
      VectorShape.forBitSize(
          Math.clamp(
              FloatVector.SPECIES_PREFERRED.vectorBitSize(),
              4 * Float.SIZE,
              PackedWeights.ROWS / 4 * Float.SIZE));

  static final VectorSpecies<Float> F = SHAPE.withLanes(float.class);
  static final VectorSpecies<Integer> I = SHAPE.withLanes(int.class);
  static final VectorSpecies<Short> S = SHAPE.withLanes(short.class);
  static final VectorSpecies<Byte> B = SHAPE.withLanes(byte.class);

  /** Columns of a vector. */
  static final int LANES = F.length();

  static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

  /** Magnitude of the two NaN codes of E4M3FN. */
  static final byte E4M3_NAN = 0x7F;

  /**
   * Sign, exponent and mantissa of an E4M3FN within the bits of an FP32 whose exponent still has
   * the narrow bias.
   */
  static final int E4M3_FIELDS = 0x87F0_0000;

  /** The upper BF16 of a pair. */
  static final int BF16_ODD = 0xFFFF_0000;

  /**
   * Takes from LANES packed columns of four E4M3FN elements the first two of each: the upper half
   * of a lane is that pair of codes, the lower half something.
   */
  static final VectorShuffle<Short> FIRST_PAIR =
      VectorShuffle.fromOp(S, half -> half / 8 * 8 + half / 2 % 4);

  /** Takes the other two. */
  static final VectorShuffle<Short> SECOND_PAIR =
      VectorShuffle.fromOp(S, half -> half / 8 * 8 + 4 + half / 2 % 4);

  private ProductLanes() {}
}

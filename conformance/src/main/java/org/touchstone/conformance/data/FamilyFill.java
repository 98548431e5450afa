package org.touchstone.conformance.data;

import java.util.function.LongUnaryOperator;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.conformance.cases.DataFamily;

/** Codes of floating-point elements by family, as functions of the element's number. */
final class FamilyFill {
  // A reduced accumulator keeps about 14 bits, so sums of products stay below 2^13.
  private static final double SAFE_SUM = 1 << 13;
  private static final double LARGEST_PRODUCT = 4;
  private static final int TABLE_BITS = 16;

  private FamilyFill() {}

  static LongUnaryOperator of(
      DataFamily family, DType dtype, Shape shape, CounterRandom random, long reduction) {
    FloatFormat format = dtype.format();
    return switch (family) {
      case EXACT_INTEGER ->
          reduction > 1 ? sparse(format, random, reduction) : whole(format, random);
      case RANDOM -> normal(format, random);
      case SUBNORMAL -> subnormal(format, random);
      case SATURATING -> saturating(format, random);
      case STRUCTURED -> structured(format, shape, random);
    };
  }

  private static long code(FloatFormat format, double value) {
    return Integer.toUnsignedLong(format.encode(value, Saturation.SAT));
  }

  /**
   * Two, one, minus one and minus two, thinned out so that a sum of products stays exact. The first
   * is not zero.
   */
  private static LongUnaryOperator sparse(FloatFormat format, CounterRandom random, long terms) {
    double density = Math.min(0.875, SAFE_SUM / LARGEST_PRODUCT / terms);
    long zero = code(format, 0);
    long[] codes = {code(format, 1), code(format, -1), code(format, 2), code(format, -2)};
    return i -> i == 0 || random.unit(i) < density ? codes[(int) random.below(~i, 4)] : zero;
  }

  /**
   * Integers with as many bits as the format can hold, less one that a sum may need. The first is
   * not zero: it may be all that a result is made of.
   */
  private static LongUnaryOperator whole(FloatFormat format, CounterRandom random) {
    long reach = Math.min(1L << Math.max(1, format.mantissaBits() - 1), 1 << 10);
    return i -> {
      long value = random.below(i, 2 * reach + 1) - reach;
      return code(format, (double) (i == 0 && value == 0 ? reach : value));
    };
  }

  private static LongUnaryOperator normal(FloatFormat format, CounterRandom random) {
    if (format == FloatFormat.F32) {
      return i -> Float.floatToRawIntBits((float) random.normal(i));
    }
    if (format.bits() > 8) {
      return i -> code(format, random.normal(i));
    }
    byte[] table = new byte[1 << TABLE_BITS];
    CounterRandom source = new CounterRandom(0);
    for (int i = 0; i < table.length; i++) {
      table[i] = (byte) code(format, format.maxFinite() / 4 * source.normal(i));
    }
    return i -> table[(int) (random.bits(i) >>> (64 - TABLE_BITS))];
  }

  /** Three quarters subnormals of either sign, the rest in the four lowest normal binades. */
  private static LongUnaryOperator subnormal(FloatFormat format, CounterRandom random) {
    long normals = 4L << format.mantissaBits();
    return i -> {
      boolean normal = (random.bits(i) & 3) == 0;
      long magnitude =
          normal
              ? format.minNormalCode() + random.below(~i, normals)
              : 1 + random.below(~i, format.minNormalCode() - 1L);
      return sign(format, random, i) | magnitude;
    };
  }

  /** One element in sixteen is the largest; the others lie in the two topmost binades. */
  private static LongUnaryOperator saturating(FloatFormat format, CounterRandom random) {
    long reach = Math.min(2L << format.mantissaBits(), format.maxFiniteCode());
    return i -> {
      boolean largest = (random.bits(i) & 15) == 0;
      long below = largest ? 0 : random.below(~i, reach);
      return sign(format, random, i) | (format.maxFiniteCode() - below);
    };
  }

  private static long sign(FloatFormat format, CounterRandom random, long i) {
    return (random.bits(i) >>> 32 & 1) << (format.bits() - 1);
  }

  private static LongUnaryOperator structured(
      FloatFormat format, Shape shape, CounterRandom random) {
    long width = shape.rank() == 0 ? 1 : Math.max(1, shape.dim(-1));
    long shift = random.below(-1, 5);
    return i -> {
      long row = i / width;
      long column = i % width;
      return code(
          format,
          switch ((int) ((row + shift) % 5)) {
            case 0 -> column == random.below(row, width) ? 1 : 0;
            case 1 -> 0.5;
            case 2 -> column % 2 == 0 ? 1.5 : -1.5;
            case 3 -> (column % 8 - 3.0) / 2;
            default -> Math.scalb(1.0, (int) (column % 5) - 2);
          });
    };
  }
}

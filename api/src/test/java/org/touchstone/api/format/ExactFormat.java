package org.touchstone.api.format;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A second, slow implementation of the narrow formats that shares nothing with the first: values
 * are decoded from the sign/exponent/mantissa formula in decimal arithmetic, and encoding searches
 * all values for the nearest.
 */
final class ExactFormat {
  private static final Map<DType, ExactFormat> MODELS = new ConcurrentHashMap<>();

  private final DType type;
  private final int mantissaBits;
  private final int exponentBits;
  private final int bias;

  /**
   * Finite magnitudes by their code, followed by the value that the next code would have without an
   * upper limit.
   */
  private final double[] magnitudes;

  private final double[] midpoints;

  private ExactFormat(DType type, int exponentBits, int mantissaBits, int bias) {
    this.type = type;
    this.exponentBits = exponentBits;
    this.mantissaBits = mantissaBits;
    this.bias = bias;
    int count = 0;
    while (count < 1 << (exponentBits + mantissaBits) && Double.isFinite(decode(count))) {
      count++;
    }
    magnitudes = new double[count + 1];
    midpoints = new double[count];
    for (int code = 0; code < count; code++) {
      magnitudes[code] = decode(code);
    }
    magnitudes[count] = 2 * magnitudes[count - 1] - magnitudes[count - 2];
    for (int code = 0; code < count; code++) {
      BigDecimal sum = new BigDecimal(magnitudes[code]).add(new BigDecimal(magnitudes[code + 1]));
      midpoints[code] = exactDouble(sum.divide(BigDecimal.TWO));
    }
  }

  static ExactFormat of(DType type) {
    return MODELS.computeIfAbsent(type, ExactFormat::build);
  }

  private static ExactFormat build(DType type) {
    return switch (type) {
      case F16 -> new ExactFormat(type, 5, 10, 15);
      case BF16 -> new ExactFormat(type, 8, 7, 127);
      case E4M3FN -> new ExactFormat(type, 4, 3, 7);
      case E5M2 -> new ExactFormat(type, 5, 2, 15);
      case E4M3FNUZ -> new ExactFormat(type, 4, 3, 8);
      case E5M2FNUZ -> new ExactFormat(type, 5, 2, 16);
      case E2M1 -> new ExactFormat(type, 2, 1, 1);
      default -> throw new IllegalArgumentException("no exact model of " + type);
    };
  }

  int codes() {
    return 2 << (exponentBits + mantissaBits);
  }

  /** Finite magnitudes in ascending order, which is the order of their codes. */
  double[] finiteMagnitudes() {
    return Arrays.copyOf(magnitudes, magnitudes.length - 1);
  }

  /** Halfway between each magnitude and the next, the last one halfway to overflow. */
  double[] midpoints() {
    return midpoints.clone();
  }

  double decode(int code) {
    int sign = code >> (exponentBits + mantissaBits) & 1;
    int exponent = code >> mantissaBits & (1 << exponentBits) - 1;
    int mantissa = code & (1 << mantissaBits) - 1;
    boolean topExponent = exponent == (1 << exponentBits) - 1;
    switch (type) {
      case F16, BF16, E5M2 -> {
        if (topExponent) {
          double infinity = sign == 0 ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
          return mantissa == 0 ? infinity : Double.NaN;
        }
      }
      case E4M3FN -> {
        if (topExponent && mantissa == 7) {
          return Double.NaN;
        }
      }
      case E4M3FNUZ, E5M2FNUZ -> {
        if (code == 0x80) {
          return Double.NaN;
        }
      }
      default -> {}
    }
    BigDecimal fraction = new BigDecimal(mantissa).multiply(powerOfTwo(-mantissaBits));
    BigDecimal magnitude =
        exponent == 0
            ? powerOfTwo(1 - bias).multiply(fraction)
            : powerOfTwo(exponent - bias).multiply(BigDecimal.ONE.add(fraction));
    double value = exactDouble(magnitude);
    return sign == 0 ? value : -value;
  }

  int encode(double value, Saturation saturation) {
    if (Double.isNaN(value)) {
      return nanCode();
    }
    int signBit = Math.copySign(1, value) < 0 ? 1 << (exponentBits + mantissaBits) : 0;
    int code = nearestMagnitude(Math.abs(value));
    int largest = magnitudes.length - 2;
    if (code > largest) {
      if (saturation == Saturation.SAT || type == DType.E2M1) {
        return signBit | largest;
      }
      return switch (type) {
        case F16, BF16, E5M2 -> signBit | largest + 1;
        default -> nanCode();
      };
    }
    boolean unsignedZero = type == DType.E4M3FNUZ || type == DType.E5M2FNUZ;
    return code == 0 && unsignedZero ? 0 : signBit | code;
  }

  private int nearestMagnitude(double magnitude) {
    int overflow = magnitudes.length - 1;
    if (magnitude >= magnitudes[overflow]) {
      return overflow;
    }
    int found = Arrays.binarySearch(magnitudes, magnitude);
    if (found >= 0) {
      return found;
    }
    int below = -found - 2;
    int order = Double.compare(magnitude, midpoints[below]);
    if (order == 0) {
      return below % 2 == 0 ? below : below + 1;
    }
    return order < 0 ? below : below + 1;
  }

  private int nanCode() {
    return switch (type) {
      case F16 -> 0x7E00;
      case BF16 -> 0x7FC0;
      case E4M3FN -> 0x7F;
      case E5M2 -> 0x7E;
      case E4M3FNUZ, E5M2FNUZ -> 0x80;
      default -> 0;
    };
  }

  static BigDecimal powerOfTwo(int exponent) {
    BigDecimal power = new BigDecimal(BigInteger.TWO.pow(Math.abs(exponent)));
    return exponent < 0 ? BigDecimal.ONE.divide(power) : power;
  }

  private static double exactDouble(BigDecimal value) {
    double rounded = value.doubleValue();
    if (new BigDecimal(rounded).compareTo(value) != 0) {
      throw new AssertionError(value + " is not a double");
    }
    return rounded;
  }
}

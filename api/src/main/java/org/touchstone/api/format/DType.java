package org.touchstone.api.format;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Element type of a tensor.
 *
 * <p>Names follow ml_dtypes and the OCP specifications: {@link #E4M3FN} is OCP's E4M3, the {@code
 * FNUZ} types are those of AMD CDNA3 and hold different values in the same bytes.
 */
public enum DType {
  /** IEEE 754 binary32. */
  F32(FloatFormat.F32, "F32"),
  /** IEEE 754 binary16. */
  F16(FloatFormat.F16, "F16"),
  /** The upper half of an IEEE 754 binary32. */
  BF16(FloatFormat.BF16, "BF16"),
  /** OCP OFP8 E4M3: no infinity, largest value 448. */
  E4M3FN(FloatFormat.E4M3FN, "F8_E4M3"),
  /** OCP OFP8 E5M2: IEEE-like, largest value 57344. */
  E5M2(FloatFormat.E5M2, "F8_E5M2"),
  /** AMD CDNA3 E4M3: bias 8, no infinity, no negative zero, largest value 240. */
  E4M3FNUZ(FloatFormat.E4M3FNUZ, "F8_E4M3FNUZ"),
  /** AMD CDNA3 E5M2: bias 16, no infinity, no negative zero, largest value 57344. */
  E5M2FNUZ(FloatFormat.E5M2FNUZ, "F8_E5M2FNUZ"),
  /** OCP MX FP4, two elements per byte: magnitudes 0, 0.5, 1, 1.5, 2, 3, 4, 6. */
  E2M1(FloatFormat.E2M1, "F4"),
  /** OCP MX scale, a power of two from 2^-127 to 2^127: no sign, no zero. */
  E8M0(FloatFormat.E8M0, "F8_E8M0"),
  /** Two's complement, 32 bits. */
  I32(32, Signedness.SIGNED, "I32"),
  /** Two's complement, 64 bits. */
  I64(64, Signedness.SIGNED, "I64"),
  /** Unsigned, 8 bits. */
  U8(8, Signedness.UNSIGNED, "U8"),
  /** Two's complement, 8 bits. */
  I8(8, Signedness.SIGNED, "I8"),
  /** One byte, 0 or 1. */
  BOOL(8, Signedness.UNSIGNED, "BOOL");

  private enum Signedness {
    SIGNED,
    UNSIGNED
  }

  private static final Map<String, DType> BY_SAFETENSORS_NAME =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(DType::safetensorsName, Function.identity()));

  private final int bits;
  private final boolean signed;
  private final String safetensorsName;
  private final @Nullable FloatFormat format;

  DType(FloatFormat format, String safetensorsName) {
    this.bits = format.bits();
    this.signed = format.isSigned();
    this.safetensorsName = safetensorsName;
    this.format = format;
  }

  DType(int bits, Signedness signedness, String safetensorsName) {
    this.bits = bits;
    this.signed = signedness == Signedness.SIGNED;
    this.safetensorsName = safetensorsName;
    this.format = null;
  }

  /**
   * Return the width of one element in bits: 4 for {@link #E2M1}, a multiple of 8 for every other
   * type.
   *
   * @return 4, 8, 16, 32 or 64
   */
  public int bits() {
    return bits;
  }

  /**
   * Compute the bytes that {@code elements} contiguous elements take; an odd number of 4-bit
   * elements is rounded up to the whole byte.
   *
   * @param elements number of elements, at least 0
   * @return size in bytes
   * @throws IllegalArgumentException if {@code elements} is negative
   * @throws ArithmeticException if the size does not fit in a {@code long}
   */
  public long bytesFor(long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException(
          "number of %s elements is negative: expected at least 0, got %d"
              .formatted(this, elements));
    }
    if (bits < Byte.SIZE) {
      return elements / 2 + elements % 2;
    }
    long bytesPerElement = bits / Byte.SIZE;
    if (elements > Long.MAX_VALUE / bytesPerElement) {
      throw new ArithmeticException(
          "size of %d %s elements overflows: expected at most %d bytes, use a smaller shape"
              .formatted(elements, this, Long.MAX_VALUE));
    }
    return elements * bytesPerElement;
  }

  /**
   * Tell whether elements are floating-point numbers, {@link #E8M0} included.
   *
   * @return whether {@link #format()} answers
   */
  public boolean isFloat() {
    return format != null;
  }

  /**
   * Tell whether the type has negative values.
   *
   * @return false for {@link #E8M0}, {@link #U8} and {@link #BOOL}
   */
  public boolean isSigned() {
    return signed;
  }

  /**
   * Return the name of this type in the header of a safetensors file.
   *
   * @return for example {@code F8_E4M3} for {@link #E4M3FN}
   */
  public String safetensorsName() {
    return safetensorsName;
  }

  /**
   * Find the type that a safetensors header names.
   *
   * @param name the header's {@code dtype}, case-sensitive
   * @return the type, or empty for a name that has no counterpart here (for example {@code F64})
   */
  public static Optional<DType> ofSafetensors(String name) {
    return Optional.ofNullable(BY_SAFETENSORS_NAME.get(name));
  }

  /**
   * Return the bit-exact description of a floating-point type.
   *
   * @return the format of the same name
   * @throws IllegalStateException if this is an integer type
   */
  public FloatFormat format() {
    if (format == null) {
      throw new IllegalStateException(
          "%s has no float format: expected a floating-point type, ask isFloat() first"
              .formatted(this));
    }
    return format;
  }
}

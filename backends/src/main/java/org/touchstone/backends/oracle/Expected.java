package org.touchstone.backends.oracle;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;

/**
 * What one output tensor may hold. Elements are numbered in row-major order of the tensor's shape.
 */
// Arrays carry millions of elements here; identity equality of the records is never used.
@SuppressWarnings("ArrayRecordComponent")
public sealed interface Expected {
  /**
   * Floating-point elements, judged by the interval rule: with R the output rounding, x passes when
   * {@code R(value - error) <= x <= R(value + error)}; NaN is expected exactly where R is NaN at
   * both ends.
   *
   * @param type output type
   * @param saturation of the output rounding
   * @param index numbers of the judged elements, ascending; null for all
   * @param value exact values before the output rounding
   * @param error bounds, at least 0; infinite accepts any value that is not NaN
   */
  record Interval(
      DType type, Saturation saturation, long @Nullable [] index, double[] value, double[] error)
      implements Expected {
    /** Checks that the arrays fit together. */
    public Interval {
      if (value.length != error.length || (index != null && index.length != value.length)) {
        throw new HalException(
            ErrorCode.INTERNAL,
            "an interval has " + value.length + " values and " + error.length + " bounds");
      }
    }

    /** Expects every element of the output. */
    public static Interval all(DType type, Saturation saturation, double[] value, double[] error) {
      return new Interval(type, saturation, null, value, error);
    }
  }

  /**
   * Elements that must have exact codes: integers, or bits of a floating-point type.
   *
   * @param type output type
   * @param index numbers of the judged elements, ascending; null for all
   * @param codes integers, or the bits of the element, zero-extended
   */
  record Codes(DType type, long @Nullable [] index, long[] codes) implements Expected {
    /** Checks that the arrays fit together. */
    public Codes {
      if (index != null && index.length != codes.length) {
        throw new HalException(
            ErrorCode.INTERNAL,
            "codes for " + index.length + " indices, but " + codes.length + " codes");
      }
    }

    /** Expects every element of the output. */
    public static Codes all(DType type, long[] codes) {
      return new Codes(type, null, codes);
    }
  }

  /**
   * An output that the reference judged itself, because several discrete results are right: a
   * route, a sampled token.
   *
   * @param judged elements looked at
   * @param violations one line per wrong element; empty when right
   */
  record Verified(long judged, List<String> violations) implements Expected {
    /** Copies the list. */
    public Verified {
      violations = List.copyOf(violations);
    }
  }
}

package org.touchstone.api.op;

import java.util.Arrays;
import java.util.List;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.format.DType;

/** Checks components of specs; every failure names operator, component, expected and actual. */
final class Require {
  private Require() {}

  static HalException invalid(Op op, String message) {
    return new HalException(ErrorCode.INVALID_SPEC, message, op.opName(), null, null, null);
  }

  static void that(boolean condition, Op op, String message) {
    if (!condition) {
      throw invalid(op, message);
    }
  }

  static void positive(Op op, String name, long value) {
    if (value <= 0) {
      throw invalid(op, name + " is " + value + ", expected at least 1");
    }
  }

  static void notNegative(Op op, String name, long value) {
    if (value < 0) {
      throw invalid(op, name + " is " + value + ", expected at least 0");
    }
  }

  static void finite(Op op, String name, double value) {
    if (!Double.isFinite(value)) {
      throw invalid(op, name + " is " + value + ", expected a finite number");
    }
  }

  static void multiple(Op op, String name, long value, String ofName, long of) {
    if (value % of != 0) {
      throw invalid(op, name + " " + value + " is no multiple of " + ofName + " " + of);
    }
  }

  static void oneOf(Op op, String name, DType value, DType... allowed) {
    List<DType> types = Arrays.asList(allowed);
    if (!types.contains(value)) {
      throw invalid(op, name + " is " + value + ", expected one of " + types);
    }
  }
}

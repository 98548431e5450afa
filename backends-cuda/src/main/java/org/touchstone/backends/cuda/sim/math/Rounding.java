package org.touchstone.backends.cuda.sim.math;

/** The IEEE 754 rounding directions of PTX. */
public enum Rounding {
  /** To nearest, ties to even. */
  RN,
  /** Toward zero. */
  RZ,
  /** Toward minus infinity. */
  RM,
  /** Toward plus infinity. */
  RP,
  /** To nearest, ties away from zero. */
  RNA;

  /** Rounds to an integral value. */
  public double integral(double x) {
    return switch (this) {
      case RN -> Math.rint(x);
      case RZ -> x < 0 ? Math.ceil(x) : Math.floor(x);
      case RM -> Math.floor(x);
      case RP -> Math.ceil(x);
      case RNA -> Math.copySign(Math.floor(Math.abs(x) + 0.5), x);
    };
  }

  /** Says whether a value beyond the largest finite one becomes infinite. */
  boolean overflows(boolean negative) {
    return switch (this) {
      case RN, RNA -> true;
      case RZ -> false;
      case RM -> negative;
      case RP -> !negative;
    };
  }
}

package org.touchstone.api.op;

import org.touchstone.api.format.DType;
import org.touchstone.api.format.E8m0Rounding;
import org.touchstone.api.format.Saturation;

/**
 * Converts elements: {@code y = round(x)}, to nearest even on the exact value.
 *
 * <p>E8M0 results round to a power of two as {@code e8m0Rounding} says; zero, negative and NaN
 * inputs give the NaN code 0xFF, what is too large gives 0xFE when saturating and 0xFF otherwise.
 *
 * @param from element type of x, a floating-point type
 * @param to element type of y, a floating-point type
 * @param saturation what happens to values beyond the largest finite one
 * @param e8m0Rounding used when {@code to} is E8M0
 */
public record CastSpec(DType from, DType to, Saturation saturation, E8m0Rounding e8m0Rounding)
    implements OpSpec<CastArgs> {
  /** Checks the types. */
  public CastSpec {
    Require.that(
        from.isFloat() && to.isFloat(),
        Op.CAST,
        "casts floating-point types only, not " + from + " to " + to);
  }

  /** Casts without saturation, E8M0 rounded up. */
  public static CastSpec of(DType from, DType to) {
    return new CastSpec(from, to, Saturation.NONSAT, E8m0Rounding.UP);
  }

  @Override
  public Op op() {
    return Op.CAST;
  }

  @Override
  public Class<CastArgs> argsType() {
    return CastArgs.class;
  }

  @Override
  public Signature signature() {
    return Signature.of(Op.CAST).inAnyShape("x", from, "X").outAnyShape("y", to, "X").build();
  }
}

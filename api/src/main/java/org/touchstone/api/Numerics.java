package org.touchstone.api;

import java.io.Serializable;
import org.touchstone.api.format.DType;

/**
 * Names the weakest numerics that a caller accepts; a kernel that declares less is refused with
 * {@link ReasonCode#ACCUMULATOR} or {@link ReasonCode#ROUND_POINT}.
 *
 * @param weakestAccumulator the weakest accumulator
 * @param coarsestRounding the coarsest type at kernel-private round points: F32 forbids them
 */
public record Numerics(Accumulator weakestAccumulator, DType coarsestRounding)
    implements Serializable {
  /** FP32 accumulation and no kernel-private rounding. */
  public static final Numerics STRICT = new Numerics(Accumulator.F32, DType.F32);

  /**
   * What published inference stacks accept: promotion every 128 terms, BF16 at private round
   * points.
   */
  public static final Numerics STANDARD =
      new Numerics(Accumulator.F32_PROMOTED_EVERY_128, DType.BF16);

  /** Checks that the rounding type is a floating-point type. */
  public Numerics {
    if (!coarsestRounding.isFloat()) {
      throw new HalException(
          ErrorCode.INVALID_SPEC,
          "coarsest rounding must be a floating-point type, not " + coarsestRounding);
    }
  }

  /** Returns why the given traits are too weak, or empty when they are accepted. */
  public java.util.Optional<Reason> refuse(KernelTraits traits) {
    if (traits.accumulator().weakerThan(weakestAccumulator)) {
      return java.util.Optional.of(
          Reason.of(
              ReasonCode.ACCUMULATOR,
              "the kernel accumulates in "
                  + traits.accumulator()
                  + ", the spec accepts "
                  + weakestAccumulator
                  + " or stronger"));
    }
    if (traits.roundPoints().coarserThan(coarsestRounding)) {
      return java.util.Optional.of(
          Reason.of(
              ReasonCode.ROUND_POINT,
              "the kernel rounds at "
                  + traits.roundPoints()
                  + ", the spec accepts "
                  + coarsestRounding
                  + " or finer"));
    }
    return java.util.Optional.empty();
  }
}

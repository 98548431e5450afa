package org.touchstone.api;

import java.io.Serializable;

/**
 * Declares how a kernel adds up a dot product.
 *
 * @param kind the arithmetic of one addition
 * @param promotedEvery for {@link Kind#REDUCED}: after how many terms the partial sum moves into
 *     FP32; otherwise 0
 * @param stepsPerPromotion for {@link Kind#REDUCED}: matrix instructions between two promotions,
 *     each of as many consecutive terms; otherwise 0
 */
public record Accumulator(Kind kind, int promotedEvery, int stepsPerPromotion)
    implements Serializable {
  /** Arithmetic of one addition, strongest first. */
  public enum Kind {
    /** IEEE binary64. */
    F64,
    /** IEEE binary32, round to nearest even. */
    F32,
    /** About 14 bits that truncate, as FP8 tensor cores do, promoted into FP32 regularly. */
    REDUCED
  }

  /** Adds in FP64. */
  public static final Accumulator F64 = new Accumulator(Kind.F64, 0, 0);

  /** Adds in FP32. */
  public static final Accumulator F32 = new Accumulator(Kind.F32, 0, 0);

  /**
   * Adds in a reduced format and promotes into FP32 every 128 terms, four matrix instructions
   * apart.
   */
  public static final Accumulator F32_PROMOTED_EVERY_128 = new Accumulator(Kind.REDUCED, 128, 4);

  /** Checks that exactly the reduced kind has a promotion interval. */
  public Accumulator {
    boolean reduced = kind == Kind.REDUCED;
    if (reduced != (promotedEvery > 0) || reduced != (stepsPerPromotion > 0)) {
      throw new HalException(
          ErrorCode.INVALID_SPEC,
          "accumulator "
              + kind
              + " with promotion every "
              + promotedEvery
              + " terms and "
              + stepsPerPromotion
              + " steps; exactly REDUCED has both");
    }
  }

  /** Returns whether this accumulator is weaker than the given one. */
  public boolean weakerThan(Accumulator other) {
    int order = kind.compareTo(other.kind);
    return order > 0 || (order == 0 && promotedEvery > other.promotedEvery);
  }

  @Override
  public String toString() {
    return kind == Kind.REDUCED ? "F32_PROMOTED_EVERY_" + promotedEvery : kind.name();
  }
}

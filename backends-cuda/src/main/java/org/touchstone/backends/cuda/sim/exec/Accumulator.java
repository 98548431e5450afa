package org.touchstone.backends.cuda.sim.exec;

/** How tensor-core instructions add up their products. */
public enum Accumulator {
  /**
   * Products and the incoming accumulator are added exactly (to double precision) and rounded once
   * to FP32.
   */
  EXACT_FP32,

  /**
   * FP8 products and the incoming accumulator are aligned to the largest exponent among them, cut
   * off after 13 fraction bits, and then added; the sum keeps 13 fraction bits, too. This is what
   * the DeepSeek-V3 Technical Report (arXiv 2412.19437), section 3.5.2, reports of Hopper: "the
   * highest 14 bits of each mantissa product", accumulated with "14-bit precision". Other types add
   * as {@link #EXACT_FP32} does.
   */
  TRUNCATING_13_BIT
}

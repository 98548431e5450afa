package org.touchstone.backends.cuda.sim.exec;

/** How tensor-core instructions add up their products. */
public enum Accumulator {
  /**
   * Products and the incoming accumulator are added exactly (to double precision) and rounded once
   * to FP32.
   */
  EXACT_FP32,

  /**
   * Products and the incoming accumulator are aligned to the largest exponent among them, cut off
   * after 13 fraction bits, and then added: what DeepSeek-V3 Technical Report, section 3.3.2,
   * reports of FP8 on Hopper ("around 14 bits"). Pessimistic for other types.
   */
  TRUNCATING_13_BIT
}

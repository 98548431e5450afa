package org.touchstone.api.op;

/**
 * Changes the frequencies of rotary embeddings for long contexts. Plain frequencies are {@code f_i
 * = base^(-2i/R)}.
 */
public sealed interface RopeScaling {
  /** Plain frequencies. */
  record None() implements RopeScaling {}

  /**
   * Divides every frequency.
   *
   * @param factor the divisor
   */
  record Linear(double factor) implements RopeScaling {}

  /**
   * Llama 3.1's interpolation by wavelength.
   *
   * @param factor divisor of long wavelengths
   * @param lowFrequencyFactor wavelengths above original / low are divided
   * @param highFrequencyFactor wavelengths below original / high are kept
   * @param originalContext context length before scaling
   */
  record Llama3(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, double originalContext)
      implements RopeScaling {}

  /**
   * YaRN (arXiv 2309.00071): interpolates slow frequencies, keeps fast ones.
   *
   * @param factor divisor of slow frequencies
   * @param originalContext context length before scaling
   * @param betaFast rotations above which a frequency is kept
   * @param betaSlow rotations below which a frequency is divided
   * @param correction whether the ramp's ends are rounded to whole dimensions
   * @param attentionFactor multiplier of cosine and sine; 1 when query scaling carries it
   */
  record Yarn(
      double factor,
      double originalContext,
      double betaFast,
      double betaSlow,
      Correction correction,
      double attentionFactor)
      implements RopeScaling {
    /** Whether the ramp's ends are rounded. */
    public enum Correction {
      /** Floor of the low end, ceiling of the high end. */
      TRUNCATED,
      /** As computed: gpt-oss. */
      EXACT
    }
  }
}

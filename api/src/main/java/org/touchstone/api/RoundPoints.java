package org.touchstone.api;

import java.io.Serializable;
import org.touchstone.api.format.DType;

/**
 * Declares where a kernel rounds inside an operator although the spec does not ask for it. {@code
 * F32} everywhere means that it does not.
 *
 * @param probabilities attention probabilities before they multiply V: F32, BF16 or F16
 * @param latentQuery query absorbed into the latent space (MLA decode)
 * @param latentOutput latent output before it is expanded (MLA decode)
 * @param expandedKv keys and values expanded from the latent cache (MLA prefill)
 */
public record RoundPoints(
    DType probabilities, DType latentQuery, DType latentOutput, DType expandedKv)
    implements Serializable {
  /** No rounding inside. */
  public static final RoundPoints NONE =
      new RoundPoints(DType.F32, DType.F32, DType.F32, DType.F32);

  /** Declares the type of the attention probabilities; nothing else rounds. */
  public static RoundPoints probabilities(DType type) {
    return new RoundPoints(type, DType.F32, DType.F32, DType.F32);
  }

  /** Returns whether any point rounds to fewer mantissa bits than {@code weakest} keeps. */
  public boolean coarserThan(DType weakest) {
    int bits = weakest.format().mantissaBits();
    return probabilities.format().mantissaBits() < bits
        || latentQuery.format().mantissaBits() < bits
        || latentOutput.format().mantissaBits() < bits
        || expandedKv.format().mantissaBits() < bits;
  }
}

package org.touchstone.backends.oracle;

import java.util.Map;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;

/**
 * What an expectation depends on beside spec and arguments.
 *
 * @param traits what the kernel declares
 * @param regime the law by which errors of a sum grow
 * @param scope which outputs to compute
 * @param before content of in-out tensors before the launch, by slot
 */
public record OracleRequest(
    KernelTraits traits, Regime regime, Scope scope, Map<String, Tensor> before) {
  /** The law by which rounding errors of a sum of n terms grow. */
  public enum Regime {
    /** Independent data: with the square root of the chain. */
    RANDOM,
    /** Adversarial or regular data: with the chain. */
    STRUCTURED
  }

  /** Copies the map. */
  public OracleRequest {
    before = Map.copyOf(before);
  }

  /** Returns the content of an in-out tensor before the launch. */
  public Tensor before(String slot) {
    Tensor tensor = before.get(slot);
    if (tensor == null) {
      throw new HalException(
          ErrorCode.INTERNAL, "the request lacks the previous content of " + slot);
    }
    return tensor;
  }
}

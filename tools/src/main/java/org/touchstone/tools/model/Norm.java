package org.touchstone.tools.model;

import org.touchstone.api.format.DType;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.tools.model.safetensors.TensorEntry;

/**
 * A root-mean-square normalisation.
 *
 * @param weight [width], BF16 or F32
 * @param variant where it rounds
 * @param eps added to the mean square
 */
public record Norm(TensorEntry weight, RmsNormVariant variant, float eps) {
  /** Returns the row length. */
  public long width() {
    return weight.shape().dim(0);
  }

  /** Returns the operator between two element types. */
  public RmsNormSpec spec(DType input, DType output) {
    return new RmsNormSpec(variant, width(), eps, input, weight.dtype(), output);
  }

  /** Returns the operator that adds to the F32 residual stream first. */
  public FusedAddRmsNormSpec fusedAdd(DType output) {
    return new FusedAddRmsNormSpec(variant, width(), eps, DType.F32, weight.dtype(), output);
  }
}

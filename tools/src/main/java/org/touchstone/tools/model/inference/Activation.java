package org.touchstone.tools.model.inference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.QuantizeFp8GroupArgs;
import org.touchstone.api.op.QuantizeFp8GroupSpec;

/**
 * A value of the recorded computation, [T, width] in F32 or BF16. Several layers may read it; each
 * form that they need is recorded once.
 */
final class Activation {
  /**
   * The quantised form.
   *
   * @param codes E4M3FN [T, width]
   * @param scale F32 [T, ceil(width / 128)]
   */
  record Quantized(Tensor codes, Tensor scale) {}

  private final String role;
  private final Tensor tensor;
  private @Nullable Quantized quantized;
  private @Nullable Tensor bf16;

  /**
   * Creates a value.
   *
   * @param role name that no other live value has; its other forms are stored under it
   */
  Activation(String role, Tensor tensor) {
    this.role = role;
    this.tensor = tensor;
  }

  Tensor tensor() {
    return tensor;
  }

  Quantized quantized(Recorder recorder, QuantizeFp8GroupSpec spec) {
    if (quantized == null) {
      long width = spec.columns();
      quantized =
          new Quantized(
              recorder.scratch(role + ".codes", DType.E4M3FN, width),
              recorder.scratch(role + ".scale", DType.F32, Math.ceilDiv(width, spec.group())));
      recorder.add(spec, new QuantizeFp8GroupArgs(tensor, quantized.codes(), quantized.scale()));
    }
    return quantized;
  }

  Tensor bf16(Recorder recorder) {
    if (tensor.dtype() == DType.BF16) {
      return tensor;
    }
    if (bf16 == null) {
      bf16 = recorder.scratch(role + ".bf16", DType.BF16, tensor.dim(1));
      recorder.add(CastSpec.of(tensor.dtype(), DType.BF16), new CastArgs(tensor, bf16));
    }
    return bf16;
  }
}

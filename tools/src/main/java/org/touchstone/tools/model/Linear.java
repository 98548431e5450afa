package org.touchstone.tools.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.tools.model.safetensors.TensorEntry;

/**
 * A linear layer {@code y = x W^T} as the checkpoint stores it.
 *
 * @param name its name, without {@code .weight}
 * @param weight [N, K], BF16 or E4M3FN
 * @param scale F32 [ceil(N / 128), ceil(K / 128)], dequantisation multipliers; present for E4M3FN
 * @param n outputs
 * @param k inputs
 * @param output element type of y
 */
public record Linear(
    String name, TensorEntry weight, Optional<TensorEntry> scale, long n, long k, DType output) {
  /** Returns whether the input is quantised per 1 x 128 before the product. */
  public boolean quantized() {
    return scale.isPresent();
  }

  /**
   * Returns the element type in which the layer takes its input: F32 before the quantiser, so that
   * nothing is rounded twice, BF16 otherwise.
   */
  public DType input() {
    return quantized() ? DType.F32 : DType.BF16;
  }

  /** Returns the product. */
  public GemmSpec gemm() {
    return GemmSpec.of(quantized() ? GemmOperands.FP8_BLOCK : GemmOperands.BF16, n, k, output);
  }

  /** Returns the quantiser of the input. */
  public QuantizeFp8GroupSpec quantize() {
    return QuantizeFp8GroupSpec.of(DType.F32, k);
  }

  /** Returns every operator that the layer needs. */
  public List<OpSpec<?>> specs() {
    List<OpSpec<?>> specs = new ArrayList<>();
    if (quantized()) {
      specs.add(quantize());
    }
    specs.add(gemm());
    return specs;
  }

  /** Returns the element type that feeds all the given layers without a cast, F32 when mixed. */
  public static DType commonInput(List<Linear> layers) {
    return layers.stream().allMatch(layer -> layer.input() == DType.BF16) ? DType.BF16 : DType.F32;
  }
}

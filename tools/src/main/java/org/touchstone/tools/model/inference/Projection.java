package org.touchstone.tools.model.inference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Layout;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.tools.model.Linear;

/** A linear layer with its weight on the device, packed when the kernel prefers that. */
final class Projection {
  private final Linear linear;
  private final GemmSpec spec;
  private final Tensor weight;
  private final @Nullable Tensor scale;

  private Projection(Linear linear, GemmSpec spec, Tensor weight, @Nullable Tensor scale) {
    this.linear = linear;
    this.spec = spec;
    this.weight = weight;
    this.scale = scale;
  }

  static Projection load(Linear linear, Weights weights) {
    Tensor weight = weights.packable(linear.weight());
    Tensor scale = linear.scale().map(weights::tensor).orElse(null);
    GemmSpec spec = linear.gemm();
    if (weights.packing() == Packing.PREFERRED) {
      Layout preferred = weights.operators().prepare(spec).preferredLayout("b");
      if (!preferred.plain()) {
        weight = weights.pack(weight, preferred);
        spec = spec.withWeightLayout(preferred);
      }
    }
    return new Projection(linear, spec, weight, scale);
  }

  /** Records {@code out = x W^T}. */
  void record(Recorder recorder, Activation x, Tensor out) {
    if (scale == null) {
      recorder.add(spec, GemmArgs.of(x.bf16(recorder), weight, out));
    } else {
      Activation.Quantized input = x.quantized(recorder, linear.quantize());
      recorder.add(spec, GemmArgs.scaled(input.codes(), input.scale(), weight, scale, out));
    }
  }

  /** Records the layer into a tensor [T, N] of its own. */
  Tensor record(Recorder recorder, Activation x, String role) {
    Tensor out = recorder.scratch(role, linear.output(), linear.n());
    record(recorder, x, out);
    return out;
  }

  Linear linear() {
    return linear;
  }
}

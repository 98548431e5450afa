package org.touchstone.tools.model.inference;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Layout;
import org.touchstone.api.Operator;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.MoeForwardArgs;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoeRouteArgs;
import org.touchstone.tools.model.Mlp;
import org.touchstone.tools.model.Moe;

/** A mixture of experts on the device. */
final class MoeBlock implements FeedForwardBlock {
  private final Moe moe;
  private final MoeForwardSpec spec;
  private final Tensor gate;
  private final @Nullable Tensor bias;
  private final ExpertStack routed;
  private final @Nullable ExpertStack shared;

  private MoeBlock(Moe moe, Weights weights) {
    this.moe = moe;
    this.gate = weights.cast(moe.gate(), DType.F32);
    this.bias = moe.correctionBias().map(entry -> weights.cast(entry, DType.F32)).orElse(null);
    Layout layout = layout(moe, weights);
    this.spec = moe.forward().withWeightLayout(layout);
    this.routed = ExpertStack.load(moe, moe.routed(), weights).packed(weights, layout);
    Mlp single = moe.shared().orElse(null);
    this.shared =
        single == null
            ? null
            : ExpertStack.load(moe, List.of(single), weights)
                .withoutExpertDimension()
                .packed(weights, layout);
  }

  static MoeBlock load(Moe moe, Weights weights) {
    return new MoeBlock(moe, weights);
  }

  /** One layout serves all weights of the operator, so all slots have to prefer the same. */
  private static Layout layout(Moe moe, Weights weights) {
    if (weights.packing() == Packing.OFF) {
      return Layout.PLAIN;
    }
    Operator<MoeForwardArgs> operator = weights.operators().prepare(moe.forward());
    Layout first = operator.preferredLayout("w1");
    List<String> others =
        moe.shared().isPresent() ? List.of("w2", "sharedW1", "sharedW2") : List.of("w2");
    return others.stream().allMatch(slot -> operator.preferredLayout(slot).equals(first))
        ? first
        : Layout.PLAIN;
  }

  @Override
  public Tensor record(Recorder recorder, Activation x) {
    Tensor logits = recorder.scratch("router.logits", DType.F32, moe.routed().size());
    recorder.add(moe.router(), GemmArgs.of(x.tensor(), gate, logits));
    Tensor indices = recorder.scratch("router.indices", DType.I32, moe.route().topK());
    Tensor shares = recorder.scratch("router.weights", DType.F32, moe.route().topK());
    recorder.add(moe.route(), new MoeRouteArgs(logits, bias, null, indices, shares, null));
    Tensor y = recorder.scratch("delta", DType.F32, moe.hiddenSize());
    recorder.add(
        spec,
        new MoeForwardArgs(
            spec.input() == DType.F32 ? x.tensor() : x.bf16(recorder),
            indices,
            shares,
            routed.gateUp(),
            routed.gateUpScale(),
            routed.down(),
            routed.downScale(),
            shared == null ? null : shared.gateUp(),
            shared == null ? null : shared.gateUpScale(),
            shared == null ? null : shared.down(),
            shared == null ? null : shared.downScale(),
            null,
            y,
            null,
            null));
    return y;
  }
}

package org.touchstone.tools.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.OpSpec;
import org.touchstone.tools.model.safetensors.TensorEntry;

/**
 * A mixture of experts. Its operator takes the experts' gate and up projections stacked into one
 * tensor. Each projection was quantised in 128 x 128 blocks of its own, so with FP8 weights every
 * width is padded with zeros to a multiple of 128: then no scale block of the stack straddles gate
 * and up, and the padding adds exact zeros only.
 *
 * @param gate router weight [E, H]
 * @param correctionBias F32 or BF16 [E], for routers that have one
 * @param routed the experts
 * @param shared the shared expert
 * @param route the router
 */
public record Moe(
    TensorEntry gate,
    Optional<TensorEntry> correctionBias,
    List<Mlp> routed,
    Optional<Mlp> shared,
    MoeRouteSpec route)
    implements FeedForward {
  /** Copies the list. */
  public Moe {
    routed = List.copyOf(routed);
  }

  /** Returns whether the experts' weights are FP8. */
  public boolean quantized() {
    return routed.getFirst().gate().quantized();
  }

  /** Returns the width H. */
  public long hiddenSize() {
    return routed.getFirst().gate().k();
  }

  /** Returns the width of an expert as the operator sees it. */
  public long paddedWidth(Mlp expert) {
    long width = expert.intermediate();
    return quantized() ? Math.ceilDiv(width, GemmOperands.BLOCK) * GemmOperands.BLOCK : width;
  }

  /** Returns the product that gives the router's logits. */
  public GemmSpec router() {
    return GemmSpec.of(GemmOperands.F32, routed.size(), hiddenSize(), DType.F32)
        .withNumerics(Numerics.STRICT);
  }

  /** Returns the experts' operator. */
  public MoeForwardSpec forward() {
    DType type = quantized() ? DType.F32 : DType.BF16;
    MoeForwardSpec spec =
        MoeForwardSpec.of(
                quantized() ? GemmOperands.FP8_BLOCK : GemmOperands.BF16,
                routed.size(),
                route.topK(),
                hiddenSize(),
                paddedWidth(routed.getFirst()))
            .withTypes(type, DType.F32, type, DType.F32);
    return shared
        .map(expert -> spec.withShared(paddedWidth(expert), MoeForwardSpec.SharedGate.NONE))
        .orElse(spec);
  }

  /** Returns the cast from the router's input to the experts' input, unless they are the same. */
  public Optional<CastSpec> expertInput() {
    return quantized() ? Optional.empty() : Optional.of(CastSpec.of(DType.F32, DType.BF16));
  }

  @Override
  public DType input() {
    return DType.F32;
  }

  @Override
  public List<OpSpec<?>> specs() {
    List<OpSpec<?>> specs = new ArrayList<>(List.of(router(), route, forward()));
    expertInput().ifPresent(specs::add);
    if (gate.dtype() != DType.F32
        || correctionBias.filter(bias -> bias.dtype() != DType.F32).isPresent()) {
      specs.add(CastSpec.of(DType.BF16, DType.F32));
    }
    return specs;
  }
}

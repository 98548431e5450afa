package org.touchstone.tools.model;

import java.util.Set;
import org.touchstone.api.op.MoeRouteSpec;

/**
 * A model of type {@code qwen3_moe}: grouped-query attention with normalised queries and keys,
 * softmax router. Source: Hugging Face transformers {@code models/qwen3_moe}.
 *
 * @param common sizes that every model has
 * @param kvHeads key heads
 * @param headDim elements per head
 * @param rope rotary positions
 * @param experts mixture of experts
 * @param route the router
 * @param intermediateSize width of the dense layers
 * @param sparseStep every how many-th layer is a mixture of experts
 * @param denseLayers layers that have a dense MLP although the step says otherwise
 */
public record Qwen3MoeConfig(
    Common common,
    long kvHeads,
    long headDim,
    Rope rope,
    Experts experts,
    MoeRouteSpec route,
    long intermediateSize,
    int sparseStep,
    Set<Integer> denseLayers)
    implements ModelConfig {
  /** Value of {@code model_type}. */
  public static final String MODEL_TYPE = "qwen3_moe";

  /** Copies the set. */
  public Qwen3MoeConfig {
    denseLayers = Set.copyOf(denseLayers);
  }

  @Override
  public boolean sparse(int layer) {
    return !denseLayers.contains(layer) && (layer + 1) % sparseStep == 0;
  }

  @Override
  public String modelType() {
    return MODEL_TYPE;
  }
}

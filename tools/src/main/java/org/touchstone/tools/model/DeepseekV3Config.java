package org.touchstone.tools.model;

import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.RopeApplySpec;

/**
 * A model of type {@code deepseek_v3}: multi-head latent attention, sigmoid router with correction
 * bias and groups, shared expert. Source: DeepSeek-V3 {@code inference/model.py}.
 *
 * @param common sizes that every model has
 * @param mla dimensions of attention
 * @param queryRank width of the query's low-rank projection; 0 for a direct projection
 * @param rope rotary positions
 * @param pairing which elements of the rotary part form a pair
 * @param softmaxScale multiplier of attention scores, YaRN's factor included
 * @param experts mixture of experts
 * @param route the router
 * @param intermediateSize width of the dense layers
 * @param denseLayers layers at the start with a dense MLP
 */
public record DeepseekV3Config(
    Common common,
    MlaDims mla,
    long queryRank,
    Rope rope,
    RopeApplySpec.Pairing pairing,
    float softmaxScale,
    Experts experts,
    MoeRouteSpec route,
    long intermediateSize,
    int denseLayers)
    implements ModelConfig {
  /** Value of {@code model_type}. */
  public static final String MODEL_TYPE = "deepseek_v3";

  @Override
  public boolean sparse(int layer) {
    return layer >= denseLayers;
  }

  @Override
  public String modelType() {
    return MODEL_TYPE;
  }
}

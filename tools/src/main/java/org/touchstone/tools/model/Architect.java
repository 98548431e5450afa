package org.touchstone.tools.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.tools.model.ModelConfig.Common;
import org.touchstone.tools.model.ModelConfig.Experts;
import org.touchstone.tools.model.ModelConfig.Tying;
import org.touchstone.tools.model.safetensors.Checkpoint;
import org.touchstone.tools.model.safetensors.TensorEntry;

/** Finds every tensor of a model under the names that Hugging Face checkpoints use. */
final class Architect {
  private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\..*");

  private final ModelConfig config;
  private final Checkpoint checkpoint;
  private final Inventory inventory;
  private final Common common;
  private final long hidden;

  Architect(ModelConfig config, Checkpoint checkpoint) {
    this.config = config;
    this.checkpoint = checkpoint;
    this.common = config.common();
    this.hidden = common.hiddenSize();
    this.inventory = new Inventory(checkpoint, common.quantization());
  }

  Blueprint blueprint() {
    TensorEntry embedding =
        inventory.take("model.embed_tokens.weight", Shape.of(common.vocabulary(), hidden));
    List<Blueprint.Layer> layers = new ArrayList<>();
    for (int i = 0; i < common.layers(); i++) {
      layers.add(layer(i));
    }
    Blueprint blueprint =
        new Blueprint(config, checkpoint, embedding, layers, norm("model.norm", hidden), head());
    inventory.requireAllTaken(this::ignorable);
    return blueprint;
  }

  private Linear head() {
    String name = common.tiedEmbeddings() == Tying.TIED ? "model.embed_tokens" : "lm_head";
    return inventory.linear(name, common.vocabulary(), hidden, DType.F32);
  }

  /** Layers beyond the last one predict further tokens and serve training or speculation only. */
  private boolean ignorable(String name) {
    Matcher layer = LAYER.matcher(name);
    return name.endsWith(".rotary_emb.inv_freq")
        || (common.tiedEmbeddings() == Tying.TIED && name.equals("lm_head.weight"))
        || (layer.matches() && Long.parseLong(layer.group(1)) >= common.layers());
  }

  private Norm norm(String name, long width) {
    RmsNormVariant variant =
        config instanceof DeepseekV3Config ? RmsNormVariant.FP32_MUL : RmsNormVariant.CAST_THEN_MUL;
    return new Norm(inventory.take(name + ".weight", Shape.of(width)), variant, common.normEps());
  }

  private Blueprint.Layer layer(int index) {
    String name = "model.layers." + index;
    Attention attention =
        switch (config) {
          case DeepseekV3Config c -> mla(c, name + ".self_attn");
          case Qwen3MoeConfig c -> gqa(c, name + ".self_attn");
        };
    FeedForward feedForward =
        config.sparse(index) ? moe(name + ".mlp") : mlp(name + ".mlp", config.intermediateSize());
    return new Blueprint.Layer(
        norm(name + ".input_layernorm", hidden),
        attention,
        norm(name + ".post_attention_layernorm", hidden),
        feedForward);
  }

  private MlaAttention mla(DeepseekV3Config c, String name) {
    MlaDims dims = c.mla();
    long queries = dims.heads() * (dims.nopeDim() + dims.ropeDim());
    long rank = c.queryRank();
    Optional<MlaAttention.LowRankQuery> lowRank =
        rank == 0
            ? Optional.empty()
            : Optional.of(
                new MlaAttention.LowRankQuery(
                    inventory.linear(name + ".q_a_proj", rank, hidden, DType.F32),
                    norm(name + ".q_a_layernorm", rank)));
    return new MlaAttention(
        dims,
        lowRank,
        rank == 0
            ? inventory.linear(name + ".q_proj", queries, hidden, DType.BF16)
            : inventory.linear(name + ".q_b_proj", queries, rank, DType.BF16),
        inventory.linear(name + ".kv_a_proj_with_mqa", dims.cachedDim(), hidden, DType.BF16),
        norm(name + ".kv_a_layernorm", dims.latentDim()),
        inventory.linear(name + ".kv_b_proj", dims.expandedRows(), dims.latentDim(), DType.BF16),
        inventory.linear(name + ".o_proj", hidden, dims.heads() * dims.valueDim(), DType.F32),
        new RopeFreqsSpec(dims.ropeDim(), c.rope().base(), c.rope().scaling()),
        c.pairing(),
        c.softmaxScale());
  }

  private GqaAttention gqa(Qwen3MoeConfig c, String name) {
    long queries = common.heads() * c.headDim();
    long keys = c.kvHeads() * c.headDim();
    return new GqaAttention(
        common.heads(),
        c.kvHeads(),
        c.headDim(),
        inventory.linear(name + ".q_proj", queries, hidden, DType.BF16),
        inventory.linear(name + ".k_proj", keys, hidden, DType.BF16),
        inventory.linear(name + ".v_proj", keys, hidden, DType.BF16),
        norm(name + ".q_norm", c.headDim()),
        norm(name + ".k_norm", c.headDim()),
        inventory.linear(name + ".o_proj", hidden, queries, DType.F32),
        new RopeFreqsSpec(c.headDim(), c.rope().base(), c.rope().scaling()));
  }

  private Mlp mlp(String name, long width) {
    return new Mlp(
        inventory.linear(name + ".gate_proj", width, hidden, DType.F32),
        inventory.linear(name + ".up_proj", width, hidden, DType.F32),
        inventory.linear(name + ".down_proj", hidden, width, DType.F32));
  }

  private Moe moe(String name) {
    Experts experts = config.experts();
    MoeRouteSpec route =
        switch (config) {
          case DeepseekV3Config c -> c.route();
          case Qwen3MoeConfig c -> c.route();
        };
    TensorEntry gate = inventory.take(name + ".gate.weight", Shape.of(experts.count(), hidden));
    Optional<TensorEntry> bias =
        route.bias() == MoeRouteSpec.SelectionBias.NONE
            ? Optional.empty()
            : Optional.of(
                inventory.take(name + ".gate.e_score_correction_bias", Shape.of(experts.count())));
    List<Mlp> routed = new ArrayList<>();
    for (long e = 0; e < experts.count(); e++) {
      routed.add(mlp(name + ".experts." + e, experts.intermediate()));
    }
    Optional<Mlp> shared =
        experts.sharedIntermediate() == 0
            ? Optional.empty()
            : Optional.of(mlp(name + ".shared_experts", experts.sharedIntermediate()));
    requireOneType(routed, shared);
    return new Moe(gate, bias, routed, shared, route);
  }

  /** The experts run as one operator, so their weights are all FP8 or all BF16. */
  private void requireOneType(List<Mlp> routed, Optional<Mlp> shared) {
    List<Mlp> all = new ArrayList<>(routed);
    shared.ifPresent(all::add);
    DType first = routed.getFirst().gate().weight().dtype();
    for (Mlp expert : all) {
      for (Linear linear : List.of(expert.gate(), expert.up(), expert.down())) {
        if (linear.weight().dtype() != first) {
          throw inventory.wrong(
              linear.weight(),
              first + " like '" + routed.getFirst().gate().weight().name() + "'",
              "quantise all experts of a layer in the same way");
        }
      }
    }
  }
}

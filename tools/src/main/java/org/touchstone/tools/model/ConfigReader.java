package org.touchstone.tools.model;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeScaling;
import org.touchstone.tools.model.ModelConfig.Common;
import org.touchstone.tools.model.ModelConfig.Experts;
import org.touchstone.tools.model.ModelConfig.Quantization;
import org.touchstone.tools.model.ModelConfig.Rope;
import org.touchstone.tools.model.ModelConfig.Tying;
import org.touchstone.tools.model.safetensors.CheckpointException;
import org.touchstone.tools.model.safetensors.Json;

/** Reads {@code config.json} of a Hugging Face model folder and refuses what cannot be run. */
public final class ConfigReader {
  private static final float DEEPSEEK_RENORM_EPS = 1e-20f;

  private final Settings settings;

  private ConfigReader(Settings settings) {
    this.settings = settings;
  }

  /**
   * Reads the configuration of a model folder.
   *
   * @throws CheckpointException when a setting is missing, malformed or unsupported
   */
  public static ModelConfig read(Path folder) {
    Path file = folder.resolve("config.json");
    ConfigReader reader = new ConfigReader(new Settings(file, "", Json.object(file)));
    String type = reader.settings.text("model_type", "");
    return switch (type) {
      case DeepseekV3Config.MODEL_TYPE -> reader.deepseekV3();
      case Qwen3MoeConfig.MODEL_TYPE -> reader.qwen3Moe();
      default ->
          throw reader.settings.wrong(
              "model_type",
              "'" + DeepseekV3Config.MODEL_TYPE + "' or '" + Qwen3MoeConfig.MODEL_TYPE + "'",
              type.isEmpty() ? "none" : "'" + type + "'",
              "this version runs these two architectures; choose such a model");
    };
  }

  private DeepseekV3Config deepseekV3() {
    Common common = common();
    MlaDims mla =
        new MlaDims(
            common.heads(),
            settings.positive("kv_lora_rank"),
            settings.positive("qk_nope_head_dim"),
            settings.even("qk_rope_head_dim"),
            settings.positive("v_head_dim"));
    settings.require("scoring_func", "sigmoid", "sigmoid");
    settings.require("topk_method", "noaux_tc", "noaux_tc");
    settings.require("moe_layer_freq", 1, 1);
    settings.require("attention_bias", false, false);
    settings.require("num_key_value_heads", common.heads(), common.heads());
    long count = settings.positive("n_routed_experts");
    long perToken = settings.positive("num_experts_per_tok");
    long intermediate = settings.positive("moe_intermediate_size");
    long groups = settings.positive("n_group", 1);
    long kept = settings.positive("topk_group", 1);
    requireGroups(count, perToken, groups, kept);
    MoeRouteSpec preset =
        MoeRouteSpec.deepseekV3(
            count, perToken, groups, kept, settings.number("routed_scaling_factor", 1));
    MoeRouteSpec route =
        settings.flag("norm_topk_prob", true)
            ? preset
            : new MoeRouteSpec(
                count,
                perToken,
                preset.score(),
                preset.bias(),
                groups,
                kept,
                preset.groupScore(),
                MoeRouteSpec.Renorm.NONE,
                DEEPSEEK_RENORM_EPS,
                preset.scale());
    Rope rope = rope();
    return new DeepseekV3Config(
        common,
        mla,
        settings.notNegative("q_lora_rank", 0),
        rope,
        settings.flag("rope_interleave", true)
            ? RopeApplySpec.Pairing.GPTJ
            : RopeApplySpec.Pairing.NEOX,
        (float) (yarnScoreFactor() / Math.sqrt((double) (mla.nopeDim() + mla.ropeDim()))),
        new Experts(
            count,
            perToken,
            intermediate,
            intermediate * settings.notNegative("n_shared_experts", 0)),
        route,
        settings.positive("intermediate_size"),
        Math.toIntExact(settings.notNegative("first_k_dense_replace", 0)));
  }

  private Qwen3MoeConfig qwen3Moe() {
    Common common = common();
    settings.require("attention_bias", false, false);
    settings.require("use_sliding_window", false, false);
    long count = settings.positive("num_experts");
    long perToken = settings.positive("num_experts_per_tok");
    requireGroups(count, perToken, 1, 1);
    long kvHeads = settings.positive("num_key_value_heads", common.heads());
    if (common.heads() % kvHeads != 0) {
      throw settings.wrong(
          "num_key_value_heads",
          "a divisor of num_attention_heads " + common.heads(),
          Long.toString(kvHeads),
          "correct config.json");
    }
    Set<Integer> dense = new HashSet<>(settings.integers("mlp_only_layers"));
    return new Qwen3MoeConfig(
        common,
        kvHeads,
        settings.even("head_dim", common.hiddenSize() / common.heads()),
        rope(),
        new Experts(count, perToken, settings.positive("moe_intermediate_size"), 0),
        settings.flag("norm_topk_prob", false)
            ? MoeRouteSpec.softmaxTopkRenorm(count, perToken)
            : MoeRouteSpec.softmaxTopk(count, perToken, 1),
        settings.positive("intermediate_size"),
        Math.toIntExact(settings.positive("decoder_sparse_step", 1)),
        dense);
  }

  private Common common() {
    settings.require("hidden_act", "silu", "silu");
    long positions = settings.positive("max_position_embeddings");
    return new Common(
        Math.toIntExact(settings.positive("vocab_size")),
        settings.positive("hidden_size"),
        Math.toIntExact(settings.positive("num_hidden_layers")),
        settings.positive("num_attention_heads"),
        Math.toIntExact(positions),
        settings.number("rms_norm_eps", 1e-6f),
        settings.flag("tie_word_embeddings", false) ? Tying.TIED : Tying.SEPARATE,
        new ArrayList<>(settings.integers("eos_token_id")),
        quantization());
  }

  private void requireGroups(long count, long perToken, long groups, long kept) {
    if (count % groups != 0 || kept > groups || perToken > kept * (count / groups)) {
      throw settings.wrong(
          "num_experts_per_tok",
          "experts that divide into groups, and at most as many per token as the kept groups hold",
          perToken + " of " + count + " experts in " + groups + " groups, " + kept + " kept",
          "correct config.json");
    }
    if (groups > 1 && count / groups < 2) {
      throw settings.wrong(
          "n_group", "at least 2 experts per group", groups + " groups", "correct config.json");
    }
  }

  private Quantization quantization() {
    if (settings.absent("quantization_config")) {
      return Quantization.NONE;
    }
    Settings quantization = settings.child("quantization_config");
    quantization.require("quant_method", "fp8", "");
    quantization.require("fmt", "e4m3", "e4m3");
    quantization.require("activation_scheme", "dynamic", "dynamic");
    quantization.require("scale_fmt", "float", "float");
    List<Integer> block = quantization.integers("weight_block_size");
    if (!block.equals(List.of(128, 128))) {
      throw quantization.wrong(
          "weight_block_size",
          "[128, 128]",
          block.toString(),
          "quantise the model with blocks of 128 x 128, or use its BF16 checkpoint");
    }
    return Quantization.FP8_BLOCK;
  }

  private Rope rope() {
    Settings parameters =
        settings.absent("rope_parameters") ? settings : settings.child("rope_parameters");
    double base = parameters.decimal("rope_theta", 10_000);
    if (!(base > 1)) {
      throw parameters.wrong(
          "rope_theta", "a number above 1", Double.toString(base), "correct config.json");
    }
    return new Rope(base, scaling());
  }

  private RopeScaling scaling() {
    Settings scaling = scalingSettings();
    String type = scaling.text("rope_type", scaling.text("type", "default"));
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(scaling.factor());
      case "yarn" ->
          new RopeScaling.Yarn(
              scaling.factor(),
              scaling.decimal(
                  "original_max_position_embeddings",
                  (double) settings.positive("max_position_embeddings")),
              scaling.decimal("beta_fast", 32),
              scaling.decimal("beta_slow", 1),
              scaling.flag("truncate", true)
                  ? RopeScaling.Yarn.Correction.TRUNCATED
                  : RopeScaling.Yarn.Correction.EXACT,
              yarnAttentionFactor(scaling));
      default ->
          throw scaling.wrong(
              "rope_type",
              "'default', 'linear' or 'yarn'",
              "'" + type + "'",
              "this version knows these; choose another model");
    };
  }

  private Settings scalingSettings() {
    for (String name : List.of("rope_scaling", "rope_parameters")) {
      if (!settings.absent(name)) {
        return settings.child(name);
      }
    }
    return settings.none("rope_scaling");
  }

  /**
   * Multiplier of cosine and sine: the ratio of the two mscale factors when both are given
   * (DeepSeek), else {@code 0.1 ln factor + 1} (YaRN's paper).
   */
  private static double yarnAttentionFactor(Settings scaling) {
    double factor = scaling.factor();
    double mscale = scaling.decimal("mscale", 0);
    double mscaleAllDim = scaling.decimal("mscale_all_dim", 0);
    double ratio =
        mscale != 0 && mscaleAllDim != 0
            ? magnitude(factor, mscale) / magnitude(factor, mscaleAllDim)
            : magnitude(factor, 1);
    return scaling.decimal("attention_factor", ratio);
  }

  /**
   * Multiplier of attention scores in MLA: the square of {@code 0.1 mscale_all_dim ln factor + 1}.
   */
  private double yarnScoreFactor() {
    Settings scaling = scalingSettings();
    if (!(scaling() instanceof RopeScaling.Yarn yarn)) {
      return 1;
    }
    double magnitude = magnitude(yarn.factor(), scaling.decimal("mscale_all_dim", 0));
    return magnitude * magnitude;
  }

  private static double magnitude(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
  }
}

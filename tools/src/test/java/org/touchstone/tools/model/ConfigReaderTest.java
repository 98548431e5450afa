package org.touchstone.tools.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeScaling;
import org.touchstone.tools.model.ModelConfig.Quantization;
import org.touchstone.tools.model.ModelConfig.Tying;
import org.touchstone.tools.model.safetensors.CheckpointException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class ConfigReaderTest {
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir Path folder;

  @Test
  void exampleIsReadCompletely() {
    DeepseekV3Config config = (DeepseekV3Config) ConfigReader.read(ExampleModel.folder());

    assertThat(config.mla()).isEqualTo(new MlaDims(4, 64, 32, 16, 32));
    assertThat(config.queryRank()).isEqualTo(80);
    assertThat(config.rope()).isEqualTo(new ModelConfig.Rope(1e4, new RopeScaling.None()));
    assertThat(config.pairing()).isEqualTo(RopeApplySpec.Pairing.GPTJ);
    assertThat(config.softmaxScale()).isEqualTo((float) (1 / Math.sqrt(48)));
    assertThat(config.experts()).isEqualTo(new ModelConfig.Experts(16, 4, 96, 96));
    assertThat(config.route()).isEqualTo(MoeRouteSpec.deepseekV3(16, 4, 4, 2, 1.5f));
    assertThat(config.common().quantization()).isEqualTo(Quantization.FP8_BLOCK);
    assertThat(config.common().tiedEmbeddings()).isEqualTo(Tying.SEPARATE);
    assertThat(config.common().endOfText()).containsExactly(10);
    assertThat(config.sparse(0)).isFalse();
    assertThat(config.sparse(1)).isTrue();
  }

  @Test
  void yarnOfDeepseekV3ScalesTheScoresAndNotTheAngles() {
    ExampleModel.writeConfig(
        folder,
        config -> {
          config.put("qk_nope_head_dim", 128).put("qk_rope_head_dim", 64);
          config.set(
              "rope_scaling",
              json(
                  "{\"type\":\"yarn\",\"factor\":40,\"original_max_position_embeddings\":4096,"
                      + "\"beta_fast\":32,\"beta_slow\":1,\"mscale\":1.0,\"mscale_all_dim\":1.0}"));
        });
    DeepseekV3Config config = (DeepseekV3Config) ConfigReader.read(folder);

    assertThat(config.rope().scaling())
        .isEqualTo(new RopeScaling.Yarn(40, 4096, 32, 1, RopeScaling.Yarn.Correction.TRUNCATED, 1));
    // 192^-0.5 * (0.1 ln 40 + 1)^2, the constant of the published model.
    assertThat((double) config.softmaxScale()).isCloseTo(0.1352337789, within(1e-8));
  }

  @Test
  void yarnWithoutMagnitudesScalesTheAngles() {
    ExampleModel.writeConfig(
        folder,
        config ->
            config.set(
                "rope_scaling", json("{\"rope_type\":\"yarn\",\"factor\":32,\"truncate\":false}")));
    DeepseekV3Config config = (DeepseekV3Config) ConfigReader.read(folder);

    RopeScaling.Yarn yarn = (RopeScaling.Yarn) config.rope().scaling();
    assertThat(yarn.attentionFactor()).isCloseTo(1.3465736, within(1e-7));
    assertThat(yarn.correction()).isEqualTo(RopeScaling.Yarn.Correction.EXACT);
    assertThat(yarn.originalContext()).isEqualTo(1024);
    assertThat(config.softmaxScale()).isEqualTo((float) (1 / Math.sqrt(48)));
  }

  @Test
  void directQueriesNoGroupsNoRenormalisationTiedEmbeddings() {
    ExampleModel.writeConfig(
        folder,
        config -> {
          config.putNull("q_lora_rank").putNull("n_group").putNull("topk_group");
          config.put("norm_topk_prob", false).put("tie_word_embeddings", true);
          config.putNull("quantization_config");
          config.set("eos_token_id", JSON.createArrayNode().add(3).add(4));
        });
    DeepseekV3Config config = (DeepseekV3Config) ConfigReader.read(folder);

    assertThat(config.queryRank()).isZero();
    assertThat(config.route().groups()).isEqualTo(1);
    assertThat(config.route().renorm()).isEqualTo(MoeRouteSpec.Renorm.NONE);
    assertThat(config.common().tiedEmbeddings()).isEqualTo(Tying.TIED);
    assertThat(config.common().quantization()).isEqualTo(Quantization.NONE);
    assertThat(config.common().endOfText()).containsExactly(3, 4);
  }

  @Test
  void qwen3MoeIsRead() throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "qwen3_moe", "vocab_size": 256, "hidden_size": 64, "num_hidden_layers": 6,
         "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 16, "num_experts": 8,
         "num_experts_per_tok": 3, "moe_intermediate_size": 24, "intermediate_size": 96,
         "norm_topk_prob": true, "decoder_sparse_step": 2, "mlp_only_layers": [3],
         "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "hidden_act": "silu",
         "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"}}
        """);
    Qwen3MoeConfig config = (Qwen3MoeConfig) ConfigReader.read(folder);

    assertThat(config.kvHeads()).isEqualTo(2);
    assertThat(config.headDim()).isEqualTo(16);
    assertThat(config.route()).isEqualTo(MoeRouteSpec.softmaxTopkRenorm(8, 3));
    assertThat(config.rope()).isEqualTo(new ModelConfig.Rope(1e6, new RopeScaling.None()));
    assertThat(config.common().normEps()).isEqualTo(1e-5f);
    assertThat(java.util.stream.IntStream.range(0, 6).filter(config::sparse).boxed().toList())
        .containsExactly(1, 5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // Setting | its value | what the message expects | what it shows
        "model_type | \"llama\" | 'deepseek_v3' or 'qwen3_moe' | 'llama'",
        "model_type | null | 'deepseek_v3' or 'qwen3_moe' | none",
        "vocab_size | 0 | an integer from 1 to 2^31-1 | 0",
        "hidden_size | \"192\" | an integer from 1 to 2^31-1 | \"192\"",
        "hidden_size | null | an integer from 1 to 2^31-1 | none",
        "num_hidden_layers | 4.5 | an integer from 1 to 2^31-1 | 4.5",
        "num_attention_heads | 4294967296 | an integer from 1 to 2^31-1 | 4294967296",
        "qk_rope_head_dim | 15 | an even number | 15",
        "q_lora_rank | -1 | an integer from 0 to 2^31-1 | -1",
        "rms_norm_eps | \"tiny\" | a finite number | \"tiny\"",
        "tie_word_embeddings | 1 | true or false | 1",
        "hidden_act | \"gelu\" | 'silu' | 'gelu'",
        "scoring_func | \"softmax\" | 'sigmoid' | 'softmax'",
        "topk_method | \"greedy\" | 'noaux_tc' | 'greedy'",
        "attention_bias | true | false | true",
        "num_key_value_heads | 2 | 4 | 2",
        "moe_layer_freq | 2 | 1 | 2",
        "n_group | 5 | experts that divide into groups | 4 of 16 experts in 5 groups, 2 kept",
        "num_experts_per_tok | 9 | experts that divide into groups | 9 of 16 experts in 4 groups, 2"
            + " kept",
        "rope_theta | 0.5 | a number above 1 | 0.5",
        "eos_token_id | \"x\" | an integer or a list of integers | \"x\"",
        "rope_scaling | [] | an object | []",
        "rope_scaling | {\"type\":\"longrope\"} | 'default', 'linear' or 'yarn' | 'longrope'",
        "rope_scaling | {\"type\":\"yarn\"} | a number >= 1 | none",
        "quantization_config | {\"quant_method\":\"gptq\"} | 'fp8' | 'gptq'",
        "quantization_config | {} | 'fp8' | none",
        "quantization_config | {\"quant_method\":\"fp8\",\"fmt\":\"e5m2\"} | 'e4m3' | 'e5m2'",
        "quantization_config | {\"quant_method\":\"fp8\",\"activation_scheme\":\"static\"} |"
            + " 'dynamic' | 'static'",
        "quantization_config |"
            + " {\"quant_method\":\"fp8\",\"scale_fmt\":\"ue8m0\",\"weight_block_size\":[128,128]}"
            + " | 'float' | 'ue8m0'",
        "quantization_config | {\"quant_method\":\"fp8\",\"weight_block_size\":[64,64]} | [128,"
            + " 128] | [64, 64]",
      })
  void settingThatCannotBeRun(String name, String value, String expected, String actual) {
    Path file = ExampleModel.writeConfig(folder, config -> config.set(name, json(value)));

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> ConfigReader.read(folder))
        .satisfies(
            e -> {
              assertThat(e.file()).isEqualTo(file);
              assertThat(e.getMessage())
                  .startsWith(file + ": ")
                  .contains("expected " + expected)
                  .contains(", got " + actual + "; ");
            });
  }

  @Test
  void errorInANestedSettingNamesThePath() {
    ExampleModel.writeConfig(
        folder, config -> ((ObjectNode) config.get("quantization_config")).put("fmt", 3));

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> ConfigReader.read(folder))
        .satisfies(e -> assertThat(e.subject()).hasValue("quantization_config.fmt"))
        .withMessageContaining("expected a string, got 3");
  }

  @Test
  void missingFile() {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> ConfigReader.read(folder))
        .withMessageStartingWith(
            folder.resolve("config.json") + ": expected a readable JSON file, got no such file; ");
  }

  private static tools.jackson.databind.JsonNode json(String text) {
    return JSON.readTree(text);
  }
}

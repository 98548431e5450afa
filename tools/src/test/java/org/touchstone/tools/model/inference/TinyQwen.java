package org.touchstone.tools.model.inference;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.touchstone.api.Shape;
import org.touchstone.api.format.Bf16;
import org.touchstone.api.format.DType;
import org.touchstone.tools.model.safetensors.Checkpoint;
import org.touchstone.tools.model.safetensors.SafetensorsBytes;

/**
 * A random model of type qwen3_moe with sizes that divide nothing, and its forward pass in FP64,
 * written down from the architecture's description, independently of the runner.
 */
final class TinyQwen {
  static final int VOCABULARY = 256;
  private static final int HIDDEN = 44;
  private static final int HEADS = 6;
  private static final int KV_HEADS = 2;
  private static final int DIM = 10;
  private static final int EXPERTS = 5;
  private static final int PER_TOKEN = 2;
  private static final int WIDTH = 21;
  private static final int DENSE_WIDTH = 37;
  private static final int LAYERS = 3;
  private static final double BASE = 10_000;
  private static final double EPS = 1e-6;
  private static final long SEED = 20_240_607;

  private final Map<String, double[]> weights = new LinkedHashMap<>();

  /** Writes the model into a folder. */
  TinyQwen(Path folder) {
    SplittableRandom random = new SplittableRandom(SEED);
    SafetensorsBytes bytes = new SafetensorsBytes();
    matrix(bytes, random, "model.embed_tokens.weight", 0.25, VOCABULARY, HIDDEN);
    for (int l = 0; l < LAYERS; l++) {
      String layer = "model.layers." + l + ".";
      norm(bytes, random, layer + "input_layernorm.weight", HIDDEN);
      norm(bytes, random, layer + "post_attention_layernorm.weight", HIDDEN);
      String attention = layer + "self_attn.";
      linear(bytes, random, attention + "q_proj", HEADS * DIM, HIDDEN);
      linear(bytes, random, attention + "k_proj", KV_HEADS * DIM, HIDDEN);
      linear(bytes, random, attention + "v_proj", KV_HEADS * DIM, HIDDEN);
      linear(bytes, random, attention + "o_proj", HIDDEN, HEADS * DIM);
      norm(bytes, random, attention + "q_norm.weight", DIM);
      norm(bytes, random, attention + "k_norm.weight", DIM);
      if (dense(l)) {
        mlp(bytes, random, layer + "mlp", DENSE_WIDTH);
      } else {
        matrix(bytes, random, layer + "mlp.gate.weight", 2 / Math.sqrt(HIDDEN), EXPERTS, HIDDEN);
        for (int e = 0; e < EXPERTS; e++) {
          mlp(bytes, random, layer + "mlp.experts." + e, WIDTH);
        }
      }
    }
    norm(bytes, random, "model.norm.weight", HIDDEN);
    bytes.write(folder.resolve(Checkpoint.SINGLE));
    try {
      Files.writeString(
          folder.resolve("config.json"),
          """
          {"model_type": "qwen3_moe", "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": %d,
           "num_attention_heads": %d, "num_key_value_heads": %d, "head_dim": %d,
           "num_experts": %d, "num_experts_per_tok": %d, "moe_intermediate_size": %d,
           "intermediate_size": %d, "norm_topk_prob": true, "mlp_only_layers": [1],
           "max_position_embeddings": 256, "rms_norm_eps": 1e-6, "hidden_act": "silu",
           "rope_theta": 10000.0, "rope_scaling": null, "tie_word_embeddings": true}
          """
              .formatted(
                  VOCABULARY,
                  HIDDEN,
                  LAYERS,
                  HEADS,
                  KV_HEADS,
                  DIM,
                  EXPERTS,
                  PER_TOKEN,
                  WIDTH,
                  DENSE_WIDTH));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean dense(int layer) {
    return layer == 1;
  }

  private void mlp(SafetensorsBytes bytes, SplittableRandom random, String name, int width) {
    linear(bytes, random, name + ".gate_proj", width, HIDDEN);
    linear(bytes, random, name + ".up_proj", width, HIDDEN);
    linear(bytes, random, name + ".down_proj", HIDDEN, width);
  }

  private void linear(
      SafetensorsBytes bytes, SplittableRandom random, String name, int rows, int columns) {
    matrix(bytes, random, name + ".weight", 1.5 / Math.sqrt(columns), rows, columns);
  }

  private void norm(SafetensorsBytes bytes, SplittableRandom random, String name, int width) {
    store(bytes, name, Shape.of(width), random.doubles(width, 0.5, 1.5).toArray());
  }

  private void matrix(
      SafetensorsBytes bytes,
      SplittableRandom random,
      String name,
      double scale,
      int rows,
      int columns) {
    double reach = scale * Math.sqrt(3);
    store(
        bytes,
        name,
        Shape.of(rows, columns),
        random.doubles((long) rows * columns, -reach, reach).toArray());
  }

  private void store(SafetensorsBytes bytes, String name, Shape shape, double[] values) {
    ByteBuffer buffer = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values.length; i++) {
      short code = Bf16.fromFloat((float) values[i]);
      buffer.putShort(code);
      values[i] = Bf16.toFloat(code);
    }
    bytes.add(name, DType.BF16, shape, buffer.array());
    weights.put(name, values);
  }

  private double[] weight(String name) {
    double[] values = weights.get(name);
    if (values == null) {
      throw new IllegalArgumentException(name);
    }
    return values;
  }

  /** Returns the logits of every position, row after row. */
  double[] logits(int[] ids) {
    int tokens = ids.length;
    double[][] x = new double[tokens][];
    for (int t = 0; t < tokens; t++) {
      x[t] =
          java.util.Arrays.copyOfRange(
              weight("model.embed_tokens.weight"), ids[t] * HIDDEN, (ids[t] + 1) * HIDDEN);
    }
    for (int l = 0; l < LAYERS; l++) {
      String layer = "model.layers." + l + ".";
      attention(layer, x);
      for (double[] row : x) {
        double[] h = norm(row, weight(layer + "post_attention_layernorm.weight"));
        add(row, dense(l) ? mlp(layer + "mlp", h, DENSE_WIDTH) : experts(layer + "mlp.", h));
      }
    }
    double[] logits = new double[tokens * VOCABULARY];
    for (int t = 0; t < tokens; t++) {
      double[] row =
          multiply(
              weight("model.embed_tokens.weight"),
              norm(x[t], weight("model.norm.weight")),
              VOCABULARY);
      System.arraycopy(row, 0, logits, t * VOCABULARY, VOCABULARY);
    }
    return logits;
  }

  private void attention(String layer, double[][] x) {
    int tokens = x.length;
    double[][] q = new double[tokens][];
    double[][] k = new double[tokens][];
    double[][] v = new double[tokens][];
    String name = layer + "self_attn.";
    for (int t = 0; t < tokens; t++) {
      double[] h = norm(x[t], weight(layer + "input_layernorm.weight"));
      q[t] =
          heads(
              multiply(weight(name + "q_proj.weight"), h, HEADS * DIM),
              weight(name + "q_norm.weight"),
              t);
      k[t] =
          heads(
              multiply(weight(name + "k_proj.weight"), h, KV_HEADS * DIM),
              weight(name + "k_norm.weight"),
              t);
      v[t] = multiply(weight(name + "v_proj.weight"), h, KV_HEADS * DIM);
    }
    for (int t = 0; t < tokens; t++) {
      double[] o = new double[HEADS * DIM];
      for (int h = 0; h < HEADS; h++) {
        int kv = h / (HEADS / KV_HEADS);
        double[] p = new double[t + 1];
        double sum = 0;
        for (int j = 0; j <= t; j++) {
          double dot = 0;
          for (int d = 0; d < DIM; d++) {
            dot += q[t][h * DIM + d] * k[j][kv * DIM + d];
          }
          p[j] = Math.exp(dot / Math.sqrt(DIM));
          sum += p[j];
        }
        for (int j = 0; j <= t; j++) {
          for (int d = 0; d < DIM; d++) {
            o[h * DIM + d] += p[j] / sum * v[j][kv * DIM + d];
          }
        }
      }
      add(x[t], multiply(weight(name + "o_proj.weight"), o, HIDDEN));
    }
  }

  /** Normalises each head and rotates its halves against each other. */
  private static double[] heads(double[] rows, double[] weight, int position) {
    double[] result = new double[rows.length];
    for (int from = 0; from < rows.length; from += DIM) {
      double[] head = norm(java.util.Arrays.copyOfRange(rows, from, from + DIM), weight);
      for (int i = 0; i < DIM / 2; i++) {
        double angle = position * Math.pow(BASE, -2.0 * i / DIM);
        double a = head[i];
        double b = head[i + DIM / 2];
        result[from + i] = a * Math.cos(angle) - b * Math.sin(angle);
        result[from + i + DIM / 2] = b * Math.cos(angle) + a * Math.sin(angle);
      }
    }
    return result;
  }

  private double[] experts(String name, double[] h) {
    double[] logits = multiply(weight(name + "gate.weight"), h, EXPERTS);
    boolean[] chosen = new boolean[EXPERTS];
    double sum = 0;
    for (int j = 0; j < PER_TOKEN; j++) {
      int best = -1;
      for (int e = 0; e < EXPERTS; e++) {
        if (!chosen[e] && (best < 0 || logits[e] > logits[best])) {
          best = e;
        }
      }
      chosen[best] = true;
      sum += Math.exp(logits[best]);
    }
    double[] y = new double[HIDDEN];
    for (int e = 0; e < EXPERTS; e++) {
      if (chosen[e]) {
        double share = Math.exp(logits[e]) / sum;
        double[] o = mlp(name + "experts." + e, h, WIDTH);
        for (int i = 0; i < HIDDEN; i++) {
          y[i] += share * o[i];
        }
      }
    }
    return y;
  }

  private double[] mlp(String name, double[] h, int width) {
    double[] gate = multiply(weight(name + ".gate_proj.weight"), h, width);
    double[] up = multiply(weight(name + ".up_proj.weight"), h, width);
    for (int i = 0; i < width; i++) {
      up[i] *= gate[i] / (1 + Math.exp(-gate[i]));
    }
    return multiply(weight(name + ".down_proj.weight"), up, HIDDEN);
  }

  private static double[] norm(double[] x, double[] weight) {
    double squares = 0;
    for (double value : x) {
      squares += value * value;
    }
    double r = 1 / Math.sqrt(squares / x.length + EPS);
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] * r * weight[i];
    }
    return y;
  }

  private static double[] multiply(double[] weight, double[] x, int rows) {
    double[] y = new double[rows];
    for (int n = 0; n < rows; n++) {
      for (int i = 0; i < x.length; i++) {
        y[n] += weight[n * x.length + i] * x[i];
      }
    }
    return y;
  }

  private static void add(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] += y[i];
    }
  }
}

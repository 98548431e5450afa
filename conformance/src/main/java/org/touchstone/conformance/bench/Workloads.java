package org.touchstone.conformance.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.cases.BenchCases;
import org.touchstone.conformance.cases.TestCase;

/** The standard workloads: layers of DeepSeek-V3, of a Qwen3 mixture of experts, and attention. */
public final class Workloads {
  /** N and K of linear layers: square, wide, and the slow one for libraries that tile by N. */
  private static final long[][] LAYERS = {{7168, 7168}, {4096, 7168}, {7168, 2048}};

  private static final long[] ROWS = {1, 8, 16, 128, 512};
  private static final long[] TOKENS = {1, 32, 512};

  private static final long EXPERTS = 128;
  private static final long TOP_K = 8;
  private static final long HIDDEN = 2048;
  private static final long INTERMEDIATE = 768;

  /** Tokens and width of activations. */
  private static final long ACTIVATION_ROWS = 1024;

  private static final long WIDTH = 7168;

  private static final long HEADS = 32;
  private static final long KV_HEADS = 4;
  private static final long HEAD_DIM = 128;

  private Workloads() {}

  /** Returns every standard workload. */
  public static List<Workload> standard() {
    List<Workload> all = new ArrayList<>();
    for (long[] layer : LAYERS) {
      for (long m : ROWS) {
        all.add(gemm(m, layer[0], layer[1]));
      }
    }
    for (long tokens : TOKENS) {
      all.add(moe(tokens));
    }
    for (int batch : new int[] {1, 8}) {
      for (long context : new long[] {4096, 16384}) {
        all.add(decode(batch, context));
      }
    }
    all.add(prefill(1024));
    all.add(mlaDecode(4096));
    return all;
  }

  /**
   * Returns workloads of single operators that move activations. They are timed when they are
   * named, not by default.
   */
  public static List<Workload> activations() {
    long tokens = ACTIVATION_ROWS;
    double row = 2.0 * tokens * WIDTH;
    MoeRouteSpec v3 = MoeRouteSpec.deepseekV3(256, 8, 8, 4, 2.5f);
    MoeRouteSpec qwen = MoeRouteSpec.softmaxTopkRenorm(128, 8);
    return List.of(
        named("add-bf16", BenchCases.add(tokens), row / 2, 3 * row),
        named("cast-bf16-f32", BenchCases.cast(DType.BF16, DType.F32, tokens), 0, 3 * row),
        named("cast-f32-bf16", BenchCases.cast(DType.F32, DType.BF16, tokens), 0, 3 * row),
        named("cast-bf16-e4m3fn", BenchCases.cast(DType.BF16, DType.E4M3FN, tokens), 0, 1.5 * row),
        // kv_b_proj of DeepSeek-V3
        named(
            "dequantize-e4m3fn",
            BenchCases.dequantize(32768, 512),
            32768.0 * 512,
            3.0 * 32768 * 512),
        named("rms-norm-bf16", BenchCases.norm(tokens), 2 * row, 2 * row),
        rope(RopeApplySpec.Pairing.NEOX, tokens),
        rope(RopeApplySpec.Pairing.GPTJ, tokens),
        route("v3", v3, tokens),
        route("qwen3", qwen, tokens),
        named("moe-combine-top8", BenchCases.combine(tokens), 8 * row, 9 * row));
  }

  private static Workload named(String name, TestCase testCase, double operations, double bytes) {
    return new Workload(name, testCase, operations, data -> bytes);
  }

  private static Workload rope(RopeApplySpec.Pairing pairing, long tokens) {
    double elements = (double) tokens * HEADS * HEAD_DIM;
    return named(
        "rope-" + pairing.name().toLowerCase(Locale.ROOT),
        BenchCases.rope(pairing, tokens),
        3 * elements,
        4 * elements);
  }

  private static Workload route(String model, MoeRouteSpec spec, long tokens) {
    return named(
        "moe-route-" + model,
        BenchCases.route(spec, tokens),
        0,
        4.0 * tokens * (spec.experts() + 2 * spec.topK()));
  }

  private static Workload gemm(long m, long n, long k) {
    double scales = 4.0 * Math.ceilDiv(n, GemmOperands.BLOCK) * Math.ceilDiv(k, GemmOperands.BLOCK);
    double bytes = (double) n * k + scales + (double) m * k + 2.0 * m * n;
    return new Workload(
        "gemm-fp8-m" + m + "-" + n + "x" + k,
        BenchCases.gemm(GemmOperands.FP8_BLOCK, m, n, k),
        2.0 * m * n * k,
        data -> bytes);
  }

  private static Workload moe(long tokens) {
    TestCase testCase = BenchCases.moe(tokens, EXPERTS, TOP_K, HIDDEN, INTERMEDIATE);
    double perExpert = 3.0 * HIDDEN * INTERMEDIATE;
    return new Workload(
        "moe-fp8-" + EXPERTS + "x" + INTERMEDIATE + "-top" + TOP_K + "-t" + tokens,
        testCase,
        2 * perExpert * TOP_K * tokens,
        // Only the experts that somebody chose are read.
        data ->
            perExpert
                * Arrays.stream(HostTensors.codes(data.tensor("indices")))
                    .filter(e -> e >= 0)
                    .distinct()
                    .count());
  }

  private static Workload decode(int batch, long context) {
    double keys = (double) batch * context;
    return new Workload(
        "gqa-decode-b" + batch + "-ctx" + context,
        BenchCases.decode(HEADS, KV_HEADS, HEAD_DIM, batch, context),
        4.0 * HEADS * HEAD_DIM * keys,
        data -> 2.0 * 2 * KV_HEADS * HEAD_DIM * keys);
  }

  private static Workload prefill(long tokens) {
    double pairs = tokens * (tokens + 1.0) / 2;
    double row = 2.0 * HEAD_DIM * tokens;
    return new Workload(
        "gqa-prefill-" + tokens,
        BenchCases.prefill(HEADS, KV_HEADS, HEAD_DIM, tokens),
        4.0 * HEADS * HEAD_DIM * pairs,
        data -> row * (2 * HEADS + 2 * KV_HEADS));
  }

  private static Workload mlaDecode(long context) {
    double heads = 128;
    double latent = 512;
    double rope = 64;
    double projections = 2 * heads * latent * (128 + 128);
    return new Workload(
        "mla-decode-ctx" + context,
        BenchCases.mlaDecode(context),
        2 * heads * context * (latent + rope + latent) + projections,
        data -> 2 * context * (latent + rope) + projections);
  }
}

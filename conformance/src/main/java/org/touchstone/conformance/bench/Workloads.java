package org.touchstone.conformance.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.touchstone.api.op.GemmOperands;
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

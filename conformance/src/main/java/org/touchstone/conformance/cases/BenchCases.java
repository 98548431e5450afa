package org.touchstone.conformance.cases;

import java.util.Arrays;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.api.op.RopeApplySpec;

/** Cases at the sizes of released models, to be timed; judged on a sample. */
public final class BenchCases {
  private static final DataFamily RANDOM = DataFamily.RANDOM;
  private static final int PAGE = 64;

  /** Width of DeepSeek-V3. */
  private static final long HIDDEN = 7168;

  private static final long MOE_SAMPLE = 2;
  private static final long SAMPLE = 16;

  private BenchCases() {}

  /** A linear layer with weights [n, k]. */
  public static TestCase gemm(GemmOperands operands, long m, long n, long k) {
    GemmSpec spec = GemmSpec.of(operands, n, k, DType.BF16);
    return GemmCases.of(spec, m, RANDOM)
        .packed(spec::withWeightLayout, "b")
        .sampled(SAMPLE)
        .build();
  }

  /** A layer of routed experts with FP8 weights, tokens spread evenly. */
  public static TestCase moe(long tokens, long experts, long topK, long hidden, long intermediate) {
    MoeForwardSpec spec =
        MoeForwardSpec.of(GemmOperands.FP8_BLOCK, experts, topK, hidden, intermediate);
    return MoeForwardCases.of(spec, tokens, ExpertChoice.UNIFORM, MoeForwardCases.Taps.OFF, RANDOM)
        .packed(spec::withWeightLayout, "w1", "w2")
        .sampled(MOE_SAMPLE)
        .build();
  }

  /** One new token for each of {@code batch} sequences of {@code context} tokens. */
  public static TestCase decode(long heads, long kvHeads, long dim, int batch, long context) {
    long[] lengths = new long[batch];
    Arrays.fill(lengths, context);
    return AttentionDecodePagedCases.of(
            AttentionDraft.of(RANDOM).heads(heads, kvHeads).dims(dim), PAGE, 1, lengths)
        .sampled(SAMPLE)
        .build();
  }

  /** A causal prompt. */
  public static TestCase prefill(long heads, long kvHeads, long dim, long tokens) {
    return AttentionPrefillCases.padded(
            AttentionDraft.of(RANDOM).heads(heads, kvHeads).dims(dim), 1, tokens, tokens)
        .sampled(SAMPLE)
        .build();
  }

  /** The residual stream of DeepSeek-V3. */
  public static TestCase add(long tokens) {
    return AddCases.of(AddSpec.of(DType.BF16), RANDOM, tokens, HIDDEN).sampled(SAMPLE).build();
  }

  /** A conversion of activations. */
  public static TestCase cast(DType from, DType to, long tokens) {
    return CastCases.of(from, to, Saturation.SAT, RANDOM, tokens, HIDDEN).sampled(SAMPLE).build();
  }

  /** A weight of {@code rows} by {@code columns} in square blocks. */
  public static TestCase dequantize(long rows, long columns) {
    DequantizeSpec spec =
        new DequantizeSpec(DType.E4M3FN, columns, 128, 128, DType.F32, DType.BF16);
    return DequantizeCases.of(spec, RANDOM, rows).sampled(SAMPLE).build();
  }

  /** Positions of 32 heads of 128. */
  public static TestCase rope(RopeApplySpec.Pairing pairing, long tokens) {
    return RopeApplyCases.of(RopeApplySpec.of(DType.BF16, 32, 128, 128, pairing), RANDOM, tokens)
        .sampled(SAMPLE)
        .build();
  }

  /** Router scores to chosen experts. */
  public static TestCase route(MoeRouteSpec spec, long tokens) {
    return MoeRouteCases.of(spec, tokens, RANDOM).sampled(SAMPLE).build();
  }

  /** Results of eight experts per token. */
  public static TestCase combine(long tokens) {
    return MoeCombineCases.of(
            DType.BF16,
            DType.BF16,
            new long[] {tokens, HIDDEN, 8},
            MoeCombineCases.Rows.SHUFFLED,
            RANDOM)
        .sampled(SAMPLE)
        .build();
  }

  /** A normalisation of the residual stream. */
  public static TestCase norm(long tokens) {
    return RmsNormCases.of(
            RmsNormVariant.FP32_MUL,
            new DType[] {DType.BF16, DType.BF16, DType.BF16},
            RANDOM,
            tokens,
            HIDDEN)
        .sampled(SAMPLE)
        .build();
  }

  /** One new token over a latent cache of {@code context} tokens, at DeepSeek-V3's dimensions. */
  public static TestCase mlaDecode(long context) {
    return MlaDecodeAbsorbedCases.of(
            MlaDraft.of(RANDOM, MlaDims.DEEPSEEK_V3, DType.BF16),
            DType.BF16,
            PAGE,
            1,
            new long[] {context})
        .sampled(SAMPLE)
        .build();
  }
}

package org.touchstone.tools.device;

import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.api.op.GemmGroupedSpec;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.api.op.MoeCombineSpec;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.QuantizeFp8BlockSpec;
import org.touchstone.api.op.QuantizeFp8GroupSpec;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.api.op.RopeScaling;
import org.touchstone.api.op.SampleSpec;

/** One spec per operator, as DeepSeek-V3 uses it, or Qwen3-235B where DeepSeek-V3 does not. */
public final class RepresentativeSpecs {
  private static final long HIDDEN = 7168;
  private static final long EXPERTS = 256;
  private static final long TOP_K = 8;
  private static final long EXPERT_WIDTH = 2048;
  private static final long VOCABULARY = 129_280;
  private static final long PAGE = 64;
  private static final float MLA_SCALE = 0.13523377f;

  private RepresentativeSpecs() {}

  /** Returns the spec of an operator. */
  public static OpSpec<?> of(Op op) {
    return switch (op) {
      case CAST -> CastSpec.of(DType.F32, DType.BF16);
      case QUANTIZE_FP8_GROUP -> QuantizeFp8GroupSpec.of(DType.BF16, HIDDEN);
      case QUANTIZE_FP8_BLOCK -> QuantizeFp8BlockSpec.of(DType.BF16, EXPERT_WIDTH, HIDDEN);
      case DEQUANTIZE -> new DequantizeSpec(DType.E4M3FN, 512, 128, 128, DType.F32, DType.BF16);
      case GEMM_FP32 -> GemmSpec.of(GemmOperands.F32, EXPERTS, HIDDEN, DType.F32);
      case GEMM_BF16 -> GemmSpec.of(GemmOperands.BF16, VOCABULARY, HIDDEN, DType.F32);
      case GEMM_FP8_TENSOR ->
          GemmSpec.of(GemmOperands.FP8_TENSOR, EXPERT_WIDTH, HIDDEN, DType.BF16);
      case GEMM_FP8_CHANNEL ->
          GemmSpec.of(GemmOperands.FP8_CHANNEL, EXPERT_WIDTH, HIDDEN, DType.BF16);
      case GEMM_FP8_BLOCK -> GemmSpec.of(GemmOperands.FP8_BLOCK, 1536, HIDDEN, DType.BF16);
      case GEMM_GROUPED ->
          GemmGroupedSpec.of(GemmOperands.FP8_BLOCK, EXPERTS, 2 * EXPERT_WIDTH, HIDDEN, DType.BF16);
      case RMS_NORM ->
          new RmsNormSpec(
              RmsNormVariant.FP32_MUL, HIDDEN, 1e-6f, DType.BF16, DType.BF16, DType.BF16);
      case FUSED_ADD_RMS_NORM ->
          new FusedAddRmsNormSpec(
              RmsNormVariant.FP32_MUL, HIDDEN, 1e-6f, DType.BF16, DType.BF16, DType.BF16);
      case GATED_ACT -> new GatedActSpec(Activation.SWIGLU, 18_432, DType.BF16, DType.BF16);
      case ROPE_FREQS ->
          new RopeFreqsSpec(
              64,
              10_000,
              new RopeScaling.Yarn(40, 4096, 32, 1, RopeScaling.Yarn.Correction.TRUNCATED, 1));
      case ROPE_APPLY -> RopeApplySpec.of(DType.BF16, 128, 64, 64, RopeApplySpec.Pairing.GPTJ);
      case EMBEDDING -> new EmbeddingSpec(VOCABULARY, HIDDEN, DType.BF16, DType.BF16, 1);
      case ADD -> AddSpec.of(DType.BF16);
      case ATTENTION_PREFILL ->
          AttentionPrefillSpec.causal(DType.BF16, 64, 4, 128, AttentionPrefillSpec.Packing.VARLEN);
      case ATTENTION_DECODE_PAGED -> AttentionDecodePagedSpec.causal(DType.BF16, 64, 4, 128, PAGE);
      case KV_CACHE_WRITE ->
          new KvCacheWriteSpec(
              KvCacheWriteSpec.Kind.LATENT, DType.BF16, DType.BF16, 1, 512, 64, PAGE);
      case MLA_PREFILL -> MlaPrefillSpec.causal(DType.BF16, MlaDims.DEEPSEEK_V3, MLA_SCALE);
      case MLA_DECODE_ABSORBED ->
          MlaDecodeAbsorbedSpec.causal(DType.BF16, MlaDims.DEEPSEEK_V3, PAGE, MLA_SCALE);
      case MOE_ROUTE -> MoeRouteSpec.deepseekV3(EXPERTS, TOP_K, 8, 4, 2.5f);
      case MOE_PERMUTE -> new MoePermuteSpec(EXPERTS, TOP_K);
      case MOE_ALIGN_BLOCK_SIZE -> new MoeAlignBlockSizeSpec(EXPERTS, TOP_K, 128);
      case MOE_COMBINE -> new MoeCombineSpec(HIDDEN, TOP_K, DType.F32, DType.BF16);
      case MOE_FORWARD ->
          MoeForwardSpec.of(GemmOperands.FP8_BLOCK, EXPERTS, TOP_K, HIDDEN, EXPERT_WIDTH)
              .withShared(EXPERT_WIDTH, MoeForwardSpec.SharedGate.NONE);
      case SAMPLE -> new SampleSpec(VOCABULARY, 0.6f, 0, 0.95f, 0);
    };
  }
}

package org.touchstone.api.op;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The catalogue of operators. */
public enum Op {
  CAST("format", CastSpec.class, "converts elements from one type to another"),
  QUANTIZE_FP8_GROUP(
      "quantize",
      QuantizeFp8GroupSpec.class,
      "quantises rows to E4M3FN with one scale per 1 x group"),
  QUANTIZE_FP8_BLOCK(
      "quantize",
      QuantizeFp8BlockSpec.class,
      "quantises a weight to E4M3FN with one scale per block"),
  DEQUANTIZE("quantize", DequantizeSpec.class, "multiplies codes by the scale of their block"),
  GEMM_FP32("gemm", GemmSpec.class, "C = A B^T in FP32"),
  GEMM_BF16("gemm", GemmSpec.class, "C = A B^T of BF16 operands, accumulated in FP32"),
  GEMM_FP8_TENSOR("gemm", GemmSpec.class, "C = A B^T of E4M3FN operands with one scale each"),
  GEMM_FP8_CHANNEL(
      "gemm", GemmSpec.class, "C = A B^T of E4M3FN operands with a scale per row of A and of B"),
  GEMM_FP8_BLOCK(
      "gemm",
      GemmSpec.class,
      "C = A B^T of E4M3FN operands, A scaled per 1 x 128, B per 128 x 128"),
  GEMM_GROUPED(
      "gemm", GemmGroupedSpec.class, "multiplies groups of rows by the weights of their expert"),
  RMS_NORM("norm", RmsNormSpec.class, "divides rows by their root mean square"),
  FUSED_ADD_RMS_NORM("norm", FusedAddRmsNormSpec.class, "adds a residual, then normalises"),
  GATED_ACT("activation", GatedActSpec.class, "multiplies an activated gate by the up projection"),
  ROPE_FREQS("rope", RopeFreqsSpec.class, "computes the cosines and sines of rotary positions"),
  ROPE_APPLY("rope", RopeApplySpec.class, "rotates pairs of elements by their position"),
  EMBEDDING("elementwise", EmbeddingSpec.class, "gathers rows of a table"),
  ADD("elementwise", AddSpec.class, "adds two tensors"),
  ATTENTION_PREFILL(
      "attention", AttentionPrefillSpec.class, "attends over contiguous keys and values"),
  ATTENTION_DECODE_PAGED("attention", AttentionDecodePagedSpec.class, "attends over a paged cache"),
  KV_CACHE_WRITE("attention", KvCacheWriteSpec.class, "writes keys and values into a paged cache"),
  MLA_PREFILL(
      "mla", MlaPrefillSpec.class, "multi-head latent attention with expanded keys and values"),
  MLA_DECODE_ABSORBED(
      "mla", MlaDecodeAbsorbedSpec.class, "multi-head latent attention over a paged latent cache"),
  MOE_ROUTE("moe", MoeRouteSpec.class, "chooses experts and their weights for every token"),
  MOE_PERMUTE("moe", MoePermuteSpec.class, "sorts token slots by expert"),
  MOE_ALIGN_BLOCK_SIZE(
      "moe", MoeAlignBlockSizeSpec.class, "sorts token slots by expert, padded to whole blocks"),
  MOE_COMBINE("moe", MoeCombineSpec.class, "adds up the weighted expert outputs of every token"),
  MOE_FORWARD("moe", MoeForwardSpec.class, "runs the routed and shared experts of a layer"),
  SAMPLE("sampling", SampleSpec.class, "draws a token from logits");

  private final String family;
  private final Class<? extends OpSpec<?>> specType;
  private final String summary;

  Op(String family, Class<? extends OpSpec<?>> specType, String summary) {
    this.family = family;
    this.specType = specType;
    this.summary = summary;
  }

  /** Returns the name as users write it, for example {@code gemm_fp8_block}. */
  public String opName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the family, which selects all of its operators on the command line. */
  public String family() {
    return family;
  }

  /** Returns the record that specifies it. */
  public Class<? extends OpSpec<?>> specType() {
    return specType;
  }

  /** Says in one clause what it does. */
  public String summary() {
    return summary;
  }

  /** Returns the operators that a name or a family name selects; empty when it selects none. */
  public static List<Op> select(String nameOrFamily) {
    return Arrays.stream(values())
        .filter(op -> op.opName().equals(nameOrFamily) || op.family.equals(nameOrFamily))
        .toList();
  }
}

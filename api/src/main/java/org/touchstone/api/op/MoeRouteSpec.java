package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Chooses {@code topK} experts per token and their weights from FP32 router logits. In this order:
 * NaN logits become -Inf and raise the diagnostics flag; {@code s = score(l)}; {@code sb = s +
 * bias}, where NaN counts as -Inf; with groups, experts outside the {@code keptGroups} best groups
 * get sb = -Inf; the {@code topK} largest sb win, the lower index on ties, in descending order; the
 * weights are {@code renorm(s[idx]) * scale}.
 *
 * @param experts E
 * @param topK k, at most E
 * @param score turns logits into scores
 * @param bias whether a bias takes part in the choice (never in the weights)
 * @param groups equal groups of consecutive experts; 1 for none
 * @param keptGroups groups that stay; the lower group on ties
 * @param groupScore how a group is ranked
 * @param renorm how weights follow from the chosen scores
 * @param renormEps added to the sum of {@link Renorm#SUM}
 * @param scale multiplier of the weights
 */
public record MoeRouteSpec(
    long experts,
    long topK,
    Score score,
    SelectionBias bias,
    long groups,
    long keptGroups,
    GroupScore groupScore,
    Renorm renorm,
    float renormEps,
    float scale)
    implements OpSpec<MoeRouteArgs> {
  /** Turns a row of logits into scores. */
  public enum Score {
    /** {@code e^l / sum e^l} over all experts; 0 for a row of -Inf. */
    SOFTMAX,
    /** {@code 1 / (1 + e^-l)}. */
    SIGMOID,
    /** {@code sqrt(ln(1 + e^l))}. */
    SQRT_SOFTPLUS,
    /** The logit itself. */
    IDENTITY
  }

  /** Whether a bias takes part in the choice. */
  public enum SelectionBias {
    /** No bias. */
    NONE,
    /** One FP32 value per expert. */
    PER_EXPERT
  }

  /** How a group is ranked. */
  public enum GroupScore {
    /** Sum of its two largest biased scores: DeepSeek-V3. */
    SUM_TOP2,
    /** Its largest biased score: DeepSeek-V2. */
    MAX
  }

  /** How weights follow from the chosen scores. */
  public enum Renorm {
    /** The scores themselves. */
    NONE,
    /** Divided by their sum plus {@code renormEps}; 0 when that divisor is 0. */
    SUM,
    /** Softmax over the chosen scores; 0 when all are -Inf. */
    SOFTMAX_TOPK
  }

  /** Checks the ranges. */
  public MoeRouteSpec {
    Op op = Op.MOE_ROUTE;
    Require.positive(op, "experts", experts);
    Require.positive(op, "topK", topK);
    Require.that(topK <= experts, op, "topK " + topK + " exceeds experts " + experts);
    Require.positive(op, "groups", groups);
    Require.multiple(op, "experts", experts, "groups", groups);
    Require.that(
        keptGroups >= 1 && keptGroups <= groups,
        op,
        "keptGroups is " + keptGroups + ", expected 1.." + groups);
    Require.that(
        topK <= keptGroups * (experts / groups),
        op,
        "topK "
            + topK
            + " exceeds the "
            + keptGroups * (experts / groups)
            + " experts of the kept groups");
    Require.that(
        groups == 1 || groupScore == GroupScore.MAX || experts / groups >= 2,
        op,
        "SUM_TOP2 needs at least 2 experts per group, there is " + experts / groups);
    Require.that(
        renormEps >= 0 && Float.isFinite(renormEps),
        op,
        "renormEps is " + renormEps + ", expected >= 0");
    Require.finite(op, "scale", scale);
  }

  /** Softmax, top-k, no renormalisation: DeepSeek-V2 without groups, OLMoE. */
  public static MoeRouteSpec softmaxTopk(long experts, long topK, float scale) {
    return new MoeRouteSpec(
        experts,
        topK,
        Score.SOFTMAX,
        SelectionBias.NONE,
        1,
        1,
        GroupScore.MAX,
        Renorm.NONE,
        0,
        scale);
  }

  /** Softmax, top-k, weights divided by their sum: Mixtral, Qwen3. */
  public static MoeRouteSpec softmaxTopkRenorm(long experts, long topK) {
    return new MoeRouteSpec(
        experts, topK, Score.SOFTMAX, SelectionBias.NONE, 1, 1, GroupScore.MAX, Renorm.SUM, 0, 1);
  }

  /**
   * Top-k of the biased logits, softmax over the chosen logits: gpt-oss (bias already added to the
   * logits).
   */
  public static MoeRouteSpec topkSoftmax(long experts, long topK) {
    return new MoeRouteSpec(
        experts,
        topK,
        Score.IDENTITY,
        SelectionBias.NONE,
        1,
        1,
        GroupScore.MAX,
        Renorm.SOFTMAX_TOPK,
        0,
        1);
  }

  /** Sigmoid, correction bias, group-limited top-k, renormalised: DeepSeek-V3, GLM, Kimi K2. */
  public static MoeRouteSpec deepseekV3(
      long experts, long topK, long groups, long keptGroups, float scale) {
    return new MoeRouteSpec(
        experts,
        topK,
        Score.SIGMOID,
        SelectionBias.PER_EXPERT,
        groups,
        keptGroups,
        GroupScore.SUM_TOP2,
        Renorm.SUM,
        1e-20f,
        scale);
  }

  /** Square root of softplus, correction bias, renormalised: DeepSeek-V4. */
  public static MoeRouteSpec deepseekV4(long experts, long topK, float scale) {
    return new MoeRouteSpec(
        experts,
        topK,
        Score.SQRT_SOFTPLUS,
        SelectionBias.PER_EXPERT,
        1,
        1,
        GroupScore.MAX,
        Renorm.SUM,
        1e-20f,
        scale);
  }

  @Override
  public Op op() {
    return Op.MOE_ROUTE;
  }

  @Override
  public Class<MoeRouteArgs> argsType() {
    return MoeRouteArgs.class;
  }

  @Override
  public Signature signature() {
    Dim tokens = Dim.of("T");
    return Signature.of(op())
        .in("logits", DType.F32, tokens, Dim.of(experts))
        .inIf(bias == SelectionBias.PER_EXPERT, "bias", DType.F32, Dim.of(experts))
        .optionalIn("mask", DType.BOOL, tokens)
        .out("indices", DType.I32, tokens, Dim.of(topK))
        .out("weights", DType.F32, tokens, Dim.of(topK))
        .optionalOut("diagnostics", DType.I32, Dim.of(1))
        .build();
  }
}

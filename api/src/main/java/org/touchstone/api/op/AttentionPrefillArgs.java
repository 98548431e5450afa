package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link AttentionPrefillSpec}.
 *
 * @param q queries [B, Sq, heads, D] or [Tq, heads, D]
 * @param k keys [B, Sk, kvHeads, D] or [Tk, kvHeads, D]
 * @param v values [B, Sk, kvHeads, Dv] or [Tk, kvHeads, Dv]
 * @param cuSeqlensQ I32 [B + 1], first 0, not decreasing, last Tq; null when padded
 * @param cuSeqlensK I32 [B + 1], first 0, not decreasing, last Tk; null when padded
 * @param sinks F32 [heads]; null without sinks
 * @param o output, shaped as q with Dv
 * @param lse F32 log-sum-exp, shaped as q without D; may be null
 */
public record AttentionPrefillArgs(
    Tensor q,
    Tensor k,
    Tensor v,
    @Nullable Tensor cuSeqlensQ,
    @Nullable Tensor cuSeqlensK,
    @Nullable Tensor sinks,
    Tensor o,
    @Nullable Tensor lse)
    implements Args {}

package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link MoeRouteSpec}.
 *
 * @param logits F32 [T, E]
 * @param bias F32 [E]; null without a bias
 * @param mask BOOL [T], 0 marks a padding token, which gets indices -1 and weights 0; may be null
 * @param indices I32 [T, k], chosen experts by descending score
 * @param weights F32 [T, k]
 * @param diagnostics I32 [1], set to 1 when a logit of an unmasked token was NaN, else to 0; may be
 *     null
 */
public record MoeRouteArgs(
    Tensor logits,
    @Nullable Tensor bias,
    @Nullable Tensor mask,
    Tensor indices,
    Tensor weights,
    @Nullable Tensor diagnostics)
    implements Args {}

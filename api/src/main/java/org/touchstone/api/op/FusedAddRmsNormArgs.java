package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link FusedAddRmsNormSpec}.
 *
 * @param x input [T, H]
 * @param residual residual stream [T, H]
 * @param w weight [H]; null for NO_WEIGHT
 * @param residualOut rounded sum [T, H]; may be the residual
 * @param y normalised sum [T, H]; may be x when the types agree
 */
public record FusedAddRmsNormArgs(
    Tensor x, Tensor residual, @Nullable Tensor w, Tensor residualOut, Tensor y) implements Args {}

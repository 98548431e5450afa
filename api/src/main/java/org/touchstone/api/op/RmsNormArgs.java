package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link RmsNormSpec}.
 *
 * @param x input [T, H]
 * @param w weight [H]; null for NO_WEIGHT
 * @param z gate [T, H]; null unless gated
 * @param y output [T, H]; may be x when the types agree
 */
public record RmsNormArgs(Tensor x, @Nullable Tensor w, @Nullable Tensor z, Tensor y)
    implements Args {}

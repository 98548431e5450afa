package org.touchstone.api.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * Arguments of {@link MoeCombineSpec}.
 *
 * @param o expert outputs [P, H]
 * @param weights F32 [T, k]
 * @param positions I32 [T, k], row of each slot in o, or -1
 * @param shared output of the shared experts [T, H]; may be null
 * @param y output [T, H]
 */
public record MoeCombineArgs(
    Tensor o, Tensor weights, Tensor positions, @Nullable Tensor shared, Tensor y)
    implements Args {}

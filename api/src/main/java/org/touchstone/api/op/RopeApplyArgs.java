package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link RopeApplySpec}.
 *
 * @param x input [T, heads, D]
 * @param cos F32 [T, R/2]
 * @param sin F32 [T, R/2]
 * @param y output [T, heads, D]; may be x
 */
public record RopeApplyArgs(Tensor x, Tensor cos, Tensor sin, Tensor y) implements Args {}

package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link DequantizeSpec}.
 *
 * @param q codes [M, K]
 * @param scale multipliers [ceil(M / blockRows), ceil(K / blockColumns)]
 * @param y output [M, K]
 */
public record DequantizeArgs(Tensor q, Tensor scale, Tensor y) implements Args {}

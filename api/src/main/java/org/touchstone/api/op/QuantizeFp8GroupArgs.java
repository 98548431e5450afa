package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link QuantizeFp8GroupSpec}.
 *
 * @param x input [M, K]
 * @param q codes [M, K]
 * @param scale dequantisation multipliers [M, ceil(K / group)]
 */
public record QuantizeFp8GroupArgs(Tensor x, Tensor q, Tensor scale) implements Args {}

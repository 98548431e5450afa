package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link QuantizeFp8BlockSpec}.
 *
 * @param w weight [N, K]
 * @param q codes [N, K]
 * @param scale dequantisation multipliers [ceil(N / blockRows), ceil(K / blockColumns)]
 */
public record QuantizeFp8BlockArgs(Tensor w, Tensor q, Tensor scale) implements Args {}

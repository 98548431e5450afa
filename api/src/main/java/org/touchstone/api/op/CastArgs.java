package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link CastSpec}.
 *
 * @param x input, any shape
 * @param y output, same shape
 */
public record CastArgs(Tensor x, Tensor y) implements Args {}

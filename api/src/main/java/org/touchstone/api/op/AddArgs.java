package org.touchstone.api.op;

import org.touchstone.api.Tensor;

/**
 * Arguments of {@link AddSpec}.
 *
 * @param a left operand, any shape
 * @param b right operand, same shape
 * @param y sum, same shape; may be a when the types agree
 */
public record AddArgs(Tensor a, Tensor b, Tensor y) implements Args {}
